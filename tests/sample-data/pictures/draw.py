#!/usr/bin/env python3
"""Draws the pictures of the sample products: PR-01.png to PR-15.png beside this file.

The sample data have no photographs and the record of a product needs a picture, so these are
drawings, made by this script alone and free to use like the rest of the project. Each is
480 x 360 pixels, at most 40 colours, and bears the mark "mẫu" (sample).

    pip install pillow        (made with 13.0)
    python3 draw.py           (all)   or   python3 draw.py PR-05 PR-14

Needs the font DejaVu Sans (Debian: fonts-dejavu-core). All sizes are in picture pixels; shapes
are drawn four times as large and scaled down, which smooths their edges.
"""

import math
import sys
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFont

WIDTH, HEIGHT = 480, 360
SCALE = 4
COLOURS = 40
MAX_BYTES = 12_000
FONTS = Path("/usr/share/fonts/truetype/dejavu")


# --- shapes: lists of points ----------------------------------------------------------------

def ellipse(x, y, rx, ry, turn=0, count=72):
    """Points of an ellipse, turned clockwise by degrees."""
    c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    points = []
    for i in range(count):
        a = 2 * math.pi * i / count
        px, py = rx * math.cos(a), ry * math.sin(a)
        points.append((x + px * c - py * s, y + px * s + py * c))
    return points


def smooth(points, steps=14):
    """A closed curve through the points (Catmull-Rom)."""
    out, n = [], len(points)
    for i in range(n):
        p0, p1, p2, p3 = (points[(i + k) % n] for k in (-1, 0, 1, 2))
        for step in range(steps):
            t = step / steps
            out.append(tuple(
                0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2
                       + (3 * b - a - 3 * c + d) * t**3)
                for a, b, c, d in zip(p0, p1, p2, p3)))
    return out


def place(points, x, y, size=1.0, turn=0, flip=False):
    """A shape drawn around (0, 0), moved to (x, y)."""
    c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    out = []
    for px, py in points:
        px = -px if flip else px
        px, py = px * size, py * size
        out.append((x + px * c - py * s, y + px * s + py * c))
    return out


def rounded(x0, y0, x1, y1, r):
    """A rectangle with round corners."""
    out = []
    for cx, cy, start in ((x1 - r, y0 + r, 270), (x1 - r, y1 - r, 0), (x0 + r, y1 - r, 90), (x0 + r, y0 + r, 180)):
        for k in range(0, 91, 10):
            a = math.radians(start + k)
            out.append((cx + r * math.cos(a), cy + r * math.sin(a)))
    return out


def leaf(x, y, length, width, turn):
    """A pointed leaf that starts at (x, y)."""
    upper = [(t * length, -width / 2 * math.sin(math.pi * t**0.8)) for t in (i / 20 for i in range(21))]
    lower = [(px, -py) for px, py in reversed(upper[1:-1])]
    return place(upper + lower, x, y, 1, turn)


# --- the picture ----------------------------------------------------------------------------

class Picture:
    def __init__(self, wall, table):
        self.image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), wall)
        self.fill([(0, 262), (WIDTH, 262), (WIDTH, HEIGHT), (0, HEIGHT)], table)

    def mask(self, points):
        mask = Image.new("L", self.image.size, 0)
        ImageDraw.Draw(mask).polygon([(x * SCALE, y * SCALE) for x, y in points], fill=255)
        return mask

    def paint(self, mask, colour):
        self.image.paste(colour, (0, 0), mask)

    def fill(self, points, colour, shade=None, by=(-10, -8), light=None, inside=None):
        """A flat shape. `shade` colours the crescent that the shape moved `by` leaves free,
        `light` the one on the other side; `inside` clips it to another shape."""
        mask = self.mask(points)
        if inside is not None:
            mask = ImageChops.multiply(mask, self.mask(inside))
        if colour:
            self.paint(mask, colour)
        for tone, sign in ((shade, 1), (light, -0.45)):
            if tone:
                moved = Image.new("L", mask.size, 0)
                moved.paste(mask, (int(by[0] * sign * SCALE), int(by[1] * sign * SCALE)))
                self.paint(ImageChops.subtract(mask, moved), tone)

    def line(self, points, colour, width, inside=None):
        mask = Image.new("L", self.image.size, 0)
        draw = ImageDraw.Draw(mask)
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        draw.line(scaled, fill=255, width=round(width * SCALE), joint="curve")
        r = width * SCALE / 2
        for x, y in (scaled[0], scaled[-1]):
            draw.ellipse((x - r, y - r, x + r, y + r), fill=255)
        if inside is not None:
            mask = ImageChops.multiply(mask, self.mask(inside))
        self.paint(mask, colour)

    def text(self, x, y, words, size, colour, bold=True, turn=0):
        """Words centred on (x, y)."""
        font = ImageFont.truetype(str(FONTS / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")), size * SCALE)
        mask = Image.new("L", self.image.size, 0)
        ImageDraw.Draw(mask).multiline_text((x * SCALE, y * SCALE), words, font=font, fill=255,
                                            anchor="mm", align="center", spacing=size * SCALE * 0.25)
        if turn:
            mask = mask.rotate(-turn, center=(x * SCALE, y * SCALE), resample=Image.Resampling.BICUBIC)
        self.paint(mask, colour)

    def shadow(self, x, y, rx, ry, colour):
        self.fill(ellipse(x, y, rx, ry), colour)

    def save(self, path):
        self.fill(rounded(418, 326, 470, 350, 7), "#ffffff")
        self.text(444, 337, "mẫu", 14, "#8a3324")
        small = self.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
        small = small.quantize(COLOURS, kmeans=4, dither=Image.Dither.NONE)
        small.save(path, optimize=True)
        size = path.stat().st_size
        print(path.name, size)
        return size


# --- things that come back ------------------------------------------------------------------

MANGO = smooth([(-46, 10), (-38, -26), (-4, -40), (34, -30), (52, -2), (46, 22), (20, 36), (-18, 38)])
LONG_MANGO = smooth([(-66, 14), (-56, -18), (-18, -36), (26, -32), (62, -10), (74, 16), (56, 26), (24, 32), (-26, 36), (-56, 30)])


def fruit(p, shape, x, y, colour, shade, light, size=1.0, turn=0, flip=False):
    points = place(shape, x, y, size, turn, flip)
    p.fill(points, colour, shade=shade, by=(-9 * size, -9 * size))
    p.line(points + points[:1], shade, 1.8)
    p.fill(ellipse(x - 16 * size, y - 14 * size, 12 * size, 6 * size, -30), light, inside=points)


def green_leaf(p, x, y, length, width, turn, colour="#4f9a3d", vein="#3b7a2d"):
    p.fill(leaf(x, y, length, width, turn), colour)
    a = math.radians(turn)
    p.line([(x, y), (x + 0.9 * length * math.cos(a), y + 0.9 * length * math.sin(a))], vein, 1.6)


def carton(p, x0, y0, x1, y1, front, side, inner, rim):
    """An open box seen from the front, to be filled between back() and front()."""
    p.fill([(x0 + 22, y0 - 34), (x1 - 22, y0 - 34), (x1, y0), (x0, y0)], inner)
    p.line([(x0 + 22, y0 - 34), (x1 - 22, y0 - 34)], rim, 5)
    p.line([(x0 + 22, y0 - 34), (x0, y0)], rim, 5)
    p.line([(x1 - 22, y0 - 34), (x1, y0)], rim, 5)

    def close():
        p.fill([(x0, y0), (x1, y0), (x1 - 8, y1), (x0 + 8, y1)], front)
        p.fill([(x0, y0), (x1, y0), (x1, y0 + 9), (x0, y0 + 9)], side)
    return close


def rice_ear(p, x, y, length, turn, grain="#e0aa3e", stalk="#9a7b2f", size=1.0):
    """An ear of rice that bends to its tip."""
    points = []
    for i in range(13):
        t = i / 12
        a = math.radians(turn + 55 * t * t)
        px, py = (x, y) if not points else points[-1]
        points.append((px + length / 12 * math.cos(a), py + length / 12 * math.sin(a)))
    p.line(points, stalk, 2.2 * size)
    for i, (px, py) in enumerate(points[3:]):
        a = turn + 55 * ((i + 3) / 12) ** 2
        for side in (-32, 32):
            b = math.radians(a + side)
            p.fill(ellipse(px + 8 * size * math.cos(b), py + 8 * size * math.sin(b), 8 * size, 3.6 * size, a + side), grain)


def lotus(p, x, y, size, outer="#e88fb0", middle="#f3b3ca", heart="#f8d3df"):
    """A lotus flower from the side."""
    petal = smooth([(0, 0), (-17, -30), (0, -72), (17, -30)])
    for turn, tone in ((-72, outer), (72, outer), (-46, middle), (46, middle), (-22, outer), (22, outer), (0, heart)):
        p.fill(place(petal, x, y, size, turn), tone)


def pouch(p, x0, y0, x1, y1, colour, shade, band):
    """A standing pouch with a sealed top."""
    body = smooth([(x0 + 6, y0), (x1 - 6, y0), (x1 - 2, (y0 + y1) / 2), (x1 + 8, y1 - 10), (x1 - 8, y1),
                   ((x0 + x1) / 2, y1 + 6), (x0 + 8, y1), (x0 - 8, y1 - 10), (x0 + 2, (y0 + y1) / 2)], 10)
    p.fill(body, colour, shade=shade, by=(-14, 0))
    p.fill([(x0, y0 - 6), (x1, y0 - 6), (x1, y0 + 20), (x0, y0 + 20)], band)
    for k in range(4):
        p.line([(x0 + 4, y0 - 1 + k * 5.4), (x1 - 4, y0 - 1 + k * 5.4)], shade, 1.2)
    return body


# --- the products ---------------------------------------------------------------------------

def pr_01(p):
    p.shadow(240, 318, 178, 18, "#c79f6d")
    close = carton(p, 84, 196, 396, 316, "#c9935a", "#b47f48", "#8d6136", "#dba970")
    for x, y, size, turn in ((146, 160, 1, -12), (222, 150, 1.04, 14), (310, 152, 1, -20), (350, 172, 0.9, 20),
                             (176, 190, 1, 10), (266, 190, 1.08, -8), (340, 196, 0.95, 8), (134, 198, 0.9, -6)):
        fruit(p, MANGO, x, y, "#f6c333", "#e39c22", "#fde38c", size, turn)
    green_leaf(p, 226, 116, 74, 28, -160)
    green_leaf(p, 232, 114, 66, 24, -28)
    close()
    p.fill(rounded(150, 226, 330, 296, 10), "#fff4d8")
    p.text(240, 247, "XOÀI CÁT CHU", 19, "#b25d12")
    p.text(240, 276, "Bến Nắng · 5 kg", 15, "#5b3a14", bold=False)


def pr_02(p):
    p.shadow(240, 322, 190, 17, "#a9bf94")
    close = carton(p, 66, 208, 414, 318, "#3f7f4a", "#34703f", "#2a5733", "#5a9a63")
    for x, y, size, turn, flip in ((142, 170, 1, -14, False), (330, 166, 1.02, 12, True), (236, 158, 1.05, -6, False),
                                   (150, 204, 0.98, 6, False), (336, 206, 0.98, -8, True), (244, 210, 1.0, 4, False)):
        fruit(p, LONG_MANGO, x, y, "#f2d24a", "#a8bf3c", "#fbeb9c", size, turn, flip)
    for x, y in ((180, 168), (286, 172), (256, 166), (208, 176), (352, 180), (122, 184)):
        p.fill(ellipse(x, y, 2, 1.6), "#b08a2a")
    green_leaf(p, 238, 122, 92, 28, -168)
    green_leaf(p, 244, 120, 84, 26, -18)
    close()
    p.fill(rounded(136, 236, 344, 302, 10), "#fffbe9")
    p.text(240, 256, "XOÀI CÁT HÒA LỘC", 18, "#2d6a38")
    p.text(240, 284, "Cù Lao Xanh · 5 kg", 15, "#3c4a2c", bold=False)


def pr_03(p):
    p.shadow(240, 326, 150, 15, "#d8b26a")
    pouch(p, 148, 52, 332, 318, "#f4a62a", "#dd8c17", "#c9760f")
    p.text(240, 100, "XOÀI SẤY DẺO", 19, "#7a3a08")
    p.text(240, 127, "Bến Nắng", 16, "#7a3a08", bold=False)
    window = ellipse(240, 212, 74, 62)
    p.fill(window, "#fff0c9")
    strip = smooth([(-46, 4), (-30, -9), (6, -8), (40, -12), (48, 0), (34, 10), (-6, 8), (-34, 14)])
    for x, y, turn, tone in ((214, 176, 20, "#f0a530"), (266, 180, -28, "#e8931c"), (206, 222, -14, "#e8931c"),
                             (270, 222, 24, "#f2b143"), (240, 200, 4, "#f5b94e"), (236, 250, -6, "#f0a530")):
        p.fill(place(strip, x, y, 1.05, turn), tone, shade="#cf7d12", by=(-2, -4), inside=window)
    p.line(window + window[:1], "#ffffff", 3.5)
    p.text(240, 296, "200 g", 16, "#7a3a08")
    fruit(p, MANGO, 372, 290, "#f6c333", "#e39c22", "#fde38c", 0.95, -14)
    green_leaf(p, 372, 252, 44, 18, -40)
    for x, y, turn in ((84, 300, 12), (118, 314, -16)):
        p.fill(place(strip, x, y, 0.9, turn), "#f0a530", shade="#cf7d12", by=(-2, -4))


def mandarin(p, x, y, r, leafy=True):
    p.fill(ellipse(x, y, r, r * 0.86), "#ee6b22", shade="#cf4f12", by=(-r * 0.2, -r * 0.18))
    p.fill(ellipse(x - r * 0.35, y - r * 0.35, r * 0.24, r * 0.13, -30), "#fba566")
    for k in range(7):
        a = 2.4 * k
        p.fill(ellipse(x + r * 0.45 * math.cos(a) + 3, y + r * 0.38 * math.sin(a) + 4, 1.4, 1.2), "#d2571a")
    p.fill(ellipse(x, y - r * 0.7, r * 0.13, r * 0.07), "#5d7a2a")
    if leafy:
        green_leaf(p, x, y - r * 0.72, r * 1.05, r * 0.4, -24)


def pr_04(p):
    p.shadow(240, 322, 188, 17, "#d59a86")
    close = carton(p, 82, 206, 398, 318, "#c62f2f", "#a92424", "#7f1a1a", "#d84a44")
    for x, y, r, leafy in ((142, 172, 40, False), (340, 172, 40, True), (240, 160, 43, True), (190, 192, 42, True),
                           (292, 194, 42, False), (126, 206, 36, False), (362, 206, 36, False)):
        mandarin(p, x, y, r, leafy)
    close()
    p.fill([(222, 206), (258, 206), (258, 318), (222, 318)], "#f3c64d")
    p.fill([(86, 250), (394, 250), (392, 280), (88, 280)], "#f3c64d")
    p.text(140, 265, "QUÝT HỒNG", 15, "#8d1b1b")
    p.text(340, 265, "LAI VUNG", 15, "#8d1b1b")
    bow = smooth([(0, 0), (-18, -26), (-52, -26), (-56, 4), (-24, 12)])
    p.fill(place(bow, 240, 262, 0.66), "#e2ab2a", shade="#c98f17", by=(3, -5))
    p.fill(place(bow, 240, 262, 0.66, 0, True), "#e2ab2a", shade="#c98f17", by=(-3, -5))
    p.fill(ellipse(240, 262, 12, 12), "#f7d772")


def pr_05(p):
    p.shadow(236, 316, 186, 18, "#c3a7bd")
    for x, y, r in ((138, 214, 78), (236, 150, 74)):
        body = smooth([(x - r, y), (x - r * 0.7, y - r * 0.74), (x, y - r * 0.98), (x + r * 0.7, y - r * 0.74),
                       (x + r, y), (x + r * 0.7, y + r * 0.74), (x, y + r), (x - r * 0.7, y + r * 0.74)])
        p.fill(body, "#b9b46c", shade="#b58f86", by=(-r * 0.42, -r * 0.36))
        p.fill(body, None, shade="#9a6f86", by=(-r * 0.2, -r * 0.18))
        p.fill(ellipse(x - r * 0.38, y - r * 0.4, r * 0.24, r * 0.13, -38), "#e4e2b4")
        p.fill(ellipse(x, y - r * 0.93, r * 0.12, r * 0.06), "#6f5a32")
    p.line([(236, 78), (240, 58)], "#6f5a32", 6)
    green_leaf(p, 240, 62, 92, 34, -12, "#3f8a46", "#2f6b36")
    green_leaf(p, 238, 62, 84, 32, -164, "#3f8a46", "#2f6b36")
    # one cut open: the star
    x, y, r = 322, 226, 86
    p.fill(ellipse(x, y, r, r), "#8f6a7d")
    p.fill(ellipse(x, y, r - 6, r - 6), "#d9b7cc")
    p.fill(ellipse(x, y, r - 16, r - 16), "#fbf3f4")
    for k in range(8):
        p.fill(leaf(x, y, r * 0.66, 22, k * 45 + 22), "#e3cbd8")
    for k in range(8):
        a = math.radians(k * 45 + 22)
        p.fill(ellipse(x + 34 * math.cos(a), y + 34 * math.sin(a), 14, 6.5, k * 45 + 22), "#4a2c22")
        p.fill(ellipse(x + 32 * math.cos(a), y + 32 * math.sin(a) - 2, 6, 1.8, k * 45 + 22), "#8b6551")
    p.fill(ellipse(x, y, 9, 9), "#fbf3f4")


def pr_06(p):
    p.shadow(240, 322, 166, 17, "#a7bd8b")
    shape = smooth([(0, -92), (24, -80), (46, -40), (76, 4), (80, 46), (52, 82), (0, 92), (-52, 82), (-80, 46), (-76, 4), (-46, -40), (-24, -80)])
    left, right = place(shape, 166, 222, 1.02, -8), place(shape, 314, 222, 1.02, 8)
    for x, points in ((166, left), (314, right)):
        p.fill(points, "#b9c653", shade="#93a63a", by=(-16, -10))
        p.fill(ellipse(x - 26, 200, 20, 34, 24), "#d6df86", inside=points)
    # net bag, tied at the top
    bag = smooth([(240, 62), (206, 92), (112, 148), (74, 240), (104, 312), (240, 326), (376, 312), (406, 240), (368, 148), (274, 92)])
    p.line(bag + bag[:1], "#d0573a", 2)
    for k in range(-8, 17):
        p.line([(k * 34, 40), (k * 34 + 180, 340)], "#d0573a", 1.6, inside=bag)
        p.line([(k * 34 + 180, 40), (k * 34, 340)], "#d0573a", 1.6, inside=bag)
    p.fill([(222, 82), (258, 82), (264, 40), (216, 40)], "#d0573a")
    p.fill(rounded(214, 72, 266, 88, 6), "#9c3420")
    p.fill(rounded(176, 254, 304, 306, 9), "#fffbe9")
    p.text(240, 270, "BƯỞI LÔNG", 16, "#4b6a1c")
    p.text(240, 292, "CỔ CÒ", 15, "#4b6a1c")


def jar(p, x0, y0, x1, y1, lid, lid_dark, glass, contents, level):
    """A glass jar; returns the shape of what is in it."""
    body = rounded(x0, y0, x1, y1, 26)
    p.fill(body, glass)
    inner = rounded(x0 + 8, level, x1 - 8, y1 - 8, 20)
    p.fill(inner, contents)
    p.fill(rounded(x0 + 10, y0 - 34, x1 - 10, y0 + 6, 7), lid, shade=lid_dark, by=(-16, 0))
    for k in range(1, 12):
        x = x0 + 10 + k * (x1 - x0 - 20) / 12
        p.line([(x, y0 - 26), (x, y0)], lid_dark, 1.4)
    return inner


def pr_07(p):
    p.shadow(240, 322, 130, 15, "#bfae95")
    inner = jar(p, 150, 96, 330, 320, "#b08a4c", "#8f6c35", "#eef3f1", "#d9bd8d", 114)
    for row in range(12):
        for col in range(9):
            x = 162 + col * 20 + (10 if row % 2 else 0)
            y = 124 + row * 18
            p.fill(ellipse(x, y, 10.5, 9, 20 if (row + col) % 2 else -25), "#efdcb4", shade="#c9a56c", by=(-3, -3), inside=inner)
            p.fill(ellipse(x - 7, y - 1, 2, 2.4), "#9a6b3a", inside=inner)
    p.fill(rounded(150, 170, 330, 282, 2), "#fdf6ee")
    p.fill([(150, 170), (330, 170), (330, 175), (150, 175)], "#d87a9d")
    p.fill([(150, 277), (330, 277), (330, 282), (150, 282)], "#d87a9d")
    lotus(p, 240, 232, 0.7)
    p.text(240, 252, "HẠT SEN SẤY", 18, "#6b3a2a")
    for x, y, turn in ((92, 312, 10), (112, 322, -30), (72, 324, 40), (382, 314, 15), (362, 326, -20)):
        p.fill(ellipse(x, y, 12, 9.5, turn), "#efdcb4", shade="#c9a56c", by=(-3, -3))
        p.fill(ellipse(x - 8, y - 1, 2.4, 2.8), "#9a6b3a")


def pr_08(p):
    p.shadow(226, 322, 164, 15, "#93ad86")
    p.fill([(320, 84), (356, 66), (356, 300), (320, 320)], "#2d6b43")
    p.fill([(92, 84), (128, 66), (356, 66), (320, 84)], "#5aa06e")
    p.fill([(92, 84), (320, 84), (320, 320), (92, 320)], "#3d8455")
    # a round lotus leaf with its veins
    p.fill(ellipse(206, 170, 78, 58), "#7cba72")
    for k in range(12):
        a = math.radians(k * 30 + 10)
        p.line([(206, 168), (206 + 72 * math.cos(a), 170 + 53 * math.sin(a))], "#5d9c58", 2.2)
    p.fill(ellipse(206, 168, 8, 6), "#a8d494")
    lotus(p, 258, 206, 0.62)
    p.fill([(92, 236), (320, 236), (320, 306), (92, 306)], "#f4f1de")
    p.text(206, 259, "TRÀ LÁ SEN", 24, "#2d6b43")
    p.text(206, 288, "20 túi lọc", 15, "#3c5a44", bold=False)
    # a tea bag with string and tag
    p.line([(396, 244), (402, 196), (430, 178), (428, 152)], "#e9e2cd", 2.2)
    p.fill(rounded(412, 124, 446, 154, 3), "#3d8455")
    p.fill(ellipse(429, 139, 9, 7), "#a8d494")
    p.fill([(376, 254), (396, 240), (418, 254), (424, 318), (370, 318)], "#fbf8ec", shade="#e0d9c0", by=(-8, 0))
    p.fill([(380, 276), (414, 276), (419, 313), (375, 313)], "#8c8a4c")


def pr_09(p):
    p.shadow(240, 324, 140, 15, "#c4b79c")
    p.fill([(146, 92), (334, 92), (342, 320), (138, 320)], "#fbf8f1", shade="#e4ddcb", by=(-18, 0))
    p.fill([(146, 92), (334, 92), (326, 52), (154, 52)], "#efe9da")
    p.fill([(154, 52), (326, 52), (322, 66), (158, 66)], "#d2483d")
    p.line([(146, 92), (334, 92)], "#d8d0bb", 2)
    p.fill(ellipse(240, 168, 62, 54), "#d2483d")
    for x, turn, length in ((220, -122, 70), (238, -106, 82), (258, -88, 66)):
        rice_ear(p, x, 214, length, turn, "#fbe7a8", "#fbe7a8", 0.85)
    p.text(240, 248, "BỘT GẠO", 30, "#a52f27")
    p.text(240, 280, "Sa Đéc", 19, "#a52f27", bold=False)
    p.text(240, 304, "1 kg", 14, "#6d6353")
    p.fill(smooth([(330, 326), (356, 296), (386, 284), (416, 298), (444, 326), (388, 332)]), "#ffffff", shade="#e4ddcb", by=(-6, -6))


def pr_10(p):
    p.shadow(240, 322, 186, 15, "#bfae86")
    bag = rounded(70, 84, 410, 316, 14)
    p.fill(bag, "#e9f1f2")
    # nests of flat dry noodles
    for x, y in ((128, 238), (202, 268), (280, 268), (354, 238), (128, 180), (354, 180), (240, 216), (170, 212), (312, 212)):
        for k in range(6):
            ring = ellipse(x, y, 43 - k * 6.5, 30 - k * 4.6, 14)
            p.line(ring + ring[:1], "#f6ecd0" if k % 2 == 0 else "#d9c698", 4.6, inside=bag)
    p.fill([(70, 98), (410, 98), (410, 172), (70, 172)], "#1f7a8c")
    p.fill([(70, 172), (410, 172), (410, 178), (70, 178)], "#f2c14e")
    p.text(240, 124, "HỦ TIẾU KHÔ", 29, "#ffffff")
    p.text(240, 155, "Sa Đéc · 500 g", 17, "#ffffff", bold=False)
    for y0 in (80, 302):
        p.fill([(66, y0), (414, y0), (414, y0 + 18), (66, y0 + 18)], "#cfdfe2")
        for k in range(44):
            p.line([(70 + k * 8, y0 + 2), (70 + k * 8, y0 + 16)], "#b3c9cd", 1.2)


def dried_fish(p, x, y, size, turn):
    """A pangasius, split and flattened, from above."""
    body = place(smooth([(-120, 0), (-104, -26), (-60, -42), (0, -40), (60, -26), (104, -8), (104, 8), (60, 26), (0, 40), (-60, 42), (-104, 26)]), x, y, size, turn)
    tail = place([(96, 0), (146, -36), (134, 0), (146, 36)], x, y, size, turn)
    p.fill(tail, "#8f7a63")
    for flip in (1, -1):
        p.fill(place([(-48, 38 * flip), (-22, 60 * flip), (-14, 38 * flip)], x, y, size, turn), "#8f7a63")
    p.fill(body, "#a28c72")
    p.fill(place(smooth([(-84, 0), (-62, -30), (0, -31), (58, -18), (96, 0), (58, 18), (0, 31), (-62, 30)]), x, y, size, turn), "#f0cba0")
    p.fill(place(smooth([(-84, 0), (-62, -30), (-50, -14), (-46, 0), (-50, 14), (-62, 30)]), x, y, size, turn), "#d99b78")
    p.line(place([(-84, 0), (92, 0)], x, y, size, turn), "#c7926a", 3 * size)
    for k in range(7):
        for flip in (1, -1):
            p.line(place([(-40 + k * 19, 2 * flip), (-30 + k * 19, (25 - k * 2.6) * flip)], x, y, size, turn), "#ddb086", 2 * size)
    for flip in (1, -1):
        p.fill(place(ellipse(-100, 15 * flip, 5, 5), x, y, size, turn), "#2d2620")
        p.fill(place(ellipse(-101, 14 * flip, 1.8, 1.8), x, y, size, turn), "#ffffff")


def pr_11(p):
    p.shadow(240, 318, 206, 16, "#8fa9ae")
    p.fill(rounded(44, 92, 436, 314, 22), "#f7fafa", shade="#d3dfe1", by=(-6, -8))
    p.fill(rounded(60, 106, 420, 298, 16), "#dcebee")
    dried_fish(p, 190, 154, 0.96, 3)
    dried_fish(p, 196, 246, 0.96, -3)
    p.fill([(348, 86), (420, 86), (420, 320), (348, 320)], "#1c6e7d")
    p.text(384, 200, "KHÔ CÁ TRA\nMỘT NẮNG", 21, "#ffffff", turn=90)
    p.fill(ellipse(92, 66, 30, 30), "#f7c948")
    for k in range(12):
        a = math.radians(k * 30)
        p.line([(92 + 36 * math.cos(a), 66 + 36 * math.sin(a)), (92 + 46 * math.cos(a), 66 + 46 * math.sin(a))], "#f7c948", 4)


def anchovy(p, x, y, size, colour, dark, flip=False):
    p.fill(place([(38, 0), (58, -12), (54, 0), (58, 12)], x, y, size, 0, flip), dark)
    p.fill(place(smooth([(-50, 0), (-30, -9), (0, -11), (40, -2), (40, 2), (0, 8), (-30, 7)]), x, y, size, 0, flip), colour, shade=dark, by=(0, 5 * size))
    p.fill(place(ellipse(-38, -2, 2.8, 2.8), x, y, size, 0, flip), "#1f2b33")


def pr_12(p):
    p.shadow(240, 326, 92, 13, "#bb9f7c")
    body = smooth([(214, 30), (266, 30), (264, 84), (276, 112), (304, 140), (308, 180), (308, 300), (296, 324),
                   (240, 326), (184, 324), (172, 300), (172, 180), (176, 140), (204, 112), (216, 84)], 10)
    p.fill(body, "#a4480f", shade="#7f3208", by=(-20, 0))
    p.fill(rounded(186, 150, 196, 300, 5), "#cf7a3a", inside=body)
    p.fill(rounded(208, 18, 272, 58, 6), "#c22f2a", shade="#971f1c", by=(-12, 0))
    p.line([(210, 50), (270, 50)], "#971f1c", 2)
    p.fill([(172, 176), (308, 176), (308, 292), (172, 292)], "#fdf3d9")
    p.fill([(172, 176), (308, 176), (308, 184), (172, 184)], "#c22f2a")
    p.fill([(172, 284), (308, 284), (308, 292), (172, 292)], "#c22f2a")
    p.text(240, 203, "NƯỚC MẮM", 19, "#8d1f1b")
    anchovy(p, 240, 229, 0.92, "#7fa3b5", "#587c90")
    anchovy(p, 238, 249, 0.8, "#7fa3b5", "#587c90", True)
    p.text(240, 270, "Gò Công · 500 ml", 12, "#5b3a14", bold=False)
    # a bowl of it
    p.shadow(388, 322, 54, 9, "#bb9f7c")
    p.fill(smooth([(336, 276), (440, 276), (424, 312), (388, 322), (352, 312)]), "#ffffff", shade="#d9dde0", by=(-10, -4))
    p.fill(ellipse(388, 278, 53, 14), "#e8ebec")
    p.fill(ellipse(388, 279, 45, 10), "#b2571a")
    p.fill(ellipse(378, 278, 7, 3.4, -10), "#d8302a")
    p.fill(ellipse(400, 281, 6, 3, 14), "#d8302a")
    for x, y, flip in ((88, 300, False), (112, 318, True)):
        anchovy(p, x, y, 0.95, "#9db8c4", "#6d8c9b", flip)


def shrimp(p, x, y, size, turn=0, flip=False):
    """A cooked shrimp, curled."""
    def at(points):
        return place(points, x, y, size, turn, flip)
    outer = [(math.cos(math.radians(a)), math.sin(math.radians(a))) for a in range(-200, 61, 10)]
    width = [10 + 15 * (i / (len(outer) - 1)) ** 0.7 for i in range(len(outer))]
    body = [(40 * c, 40 * s) for c, s in outer] + [((40 - w) * c, (40 - w) * s) for (c, s), w in reversed(list(zip(outer, width)))]
    p.fill(at([(-38, 12), (-60, 22), (-46, 26), (-48, 42), (-30, 22)]), "#d9532f")
    p.fill(at(body), "#f08a63")
    for a in range(-170, 40, 34):
        c, s = math.cos(math.radians(a)), math.sin(math.radians(a))
        w = 10 + 15 * ((a + 200) / 260) ** 0.7
        p.line(at([(40 * c, 40 * s), ((41 - w) * c, (41 - w) * s)]), "#d9532f", 2.4 * size)
    p.fill(at(smooth([(38, 8), (34, 34), (12, 48), (-10, 50), (2, 36), (10, 18)])), "#f08a63")
    p.fill(at(ellipse(14, 38, 3.6, 3.6)), "#2b1d18")
    p.line(at([(-6, 48), (-40, 58), (-66, 50)]), "#d9532f", 1.8 * size)
    p.line(at([(-4, 44), (-34, 46), (-56, 34)]), "#d9532f", 1.8 * size)
    for k, a in enumerate((-120, -80, -40, -5)):
        c, s = math.cos(math.radians(a)), math.sin(math.radians(a))
        p.line(at([(22 * c, 22 * s), (10 * c - 4, 10 * s + 4)]), "#d9532f", 2 * size)


def pr_13(p):
    p.shadow(220, 324, 132, 14, "#c19a8c")
    jar(p, 104, 122, 336, 322, "#d8a12f", "#b07f1c", "#f1ece8", "#b5482f", 144)
    for k in range(90):
        x, y = 118 + (k * 47) % 204, 152 + (k * 29) % 160
        p.fill(ellipse(x, y, 2.6, 1.8, k * 40), "#cf6a48" if k % 2 else "#963521")
    p.fill([(104, 176), (336, 176), (336, 290), (104, 290)], "#fff6e6")
    p.fill([(104, 176), (336, 176), (336, 183), (104, 183)], "#963521")
    p.fill([(104, 283), (336, 283), (336, 290), (104, 290)], "#963521")
    p.text(220, 206, "MẮM TÔM CHÀ", 23, "#963521")
    shrimp(p, 186, 244, 0.62)
    p.text(272, 240, "Gò Công", 17, "#5f2a1c", bold=False)
    p.text(272, 264, "250 g", 16, "#5f2a1c", bold=False)
    shrimp(p, 398, 268, 1.0, 0)


def pr_14(p):
    p.shadow(240, 326, 112, 14, "#bfb382")
    for turn, length, width in ((-150, 92, 26), (-30, 92, 26), (-134, 108, 28), (-46, 108, 28), (-118, 122, 28), (-62, 122, 28)):
        p.fill(leaf(240, 150, length, width, turn), "#3f8f4a", shade="#2f7139", by=(0, -5))
    for turn, length in ((-104, 128), (-76, 128), (-90, 136)):
        p.fill(leaf(240, 152, length, 30, turn), "#58a75c", shade="#3f8f4a", by=(-5, 0))
    body = ellipse(240, 230, 84, 96)
    p.fill(body, "#e9a52b", shade="#c97f17", by=(-20, -10))
    for k in range(-12, 14):
        p.line([(240 + k * 27 - 110, 110), (240 + k * 27 + 110, 350)], "#a9660f", 2.6, inside=body)
        p.line([(240 + k * 27 + 110, 110), (240 + k * 27 - 110, 350)], "#a9660f", 2.6, inside=body)
    for row in range(-4, 5):
        for col in range(-4, 5):
            x = 240 + col * 27 + (13.5 if row % 2 else 0)
            y = 230 + row * 14.73
            if ((x - 240) / 78) ** 2 + ((y - 230) / 90) ** 2 < 1:
                p.fill(ellipse(x, y, 2.8, 2.8), "#7c5a12")
    for turn, length in ((-112, 66), (-68, 66), (-90, 74)):
        p.fill(leaf(240, 158, length, 24, turn), "#7cc06f", shade="#58a75c", by=(-4, 0))
    # one slice
    p.fill(ellipse(378, 294, 56, 30), "#c98a1e")
    p.fill(ellipse(378, 290, 56, 28), "#f8d65a")
    for k in range(14):
        a = math.radians(k * 360 / 14)
        p.line([(378 + 16 * math.cos(a), 290 + 8 * math.sin(a)), (378 + 48 * math.cos(a), 290 + 23 * math.sin(a))], "#e9b93a", 2.2)
    p.fill(ellipse(378, 290, 13, 6.5), "#fdeb9e")


def pr_15(p):
    p.shadow(236, 326, 140, 14, "#b9a77c")
    body = smooth([(150, 74), (328, 74), (340, 140), (350, 240), (344, 310), (318, 324), (240, 328), (158, 324), (132, 310), (126, 240), (138, 140)], 10)
    p.fill(body, "#f6f2e4", shade="#ddd4b8", by=(-18, 0))
    p.fill([(146, 50), (332, 50), (336, 80), (142, 80)], "#2f7d4f")
    for k in range(23):
        p.line([(150 + k * 8, 54), (150 + k * 8, 76)], "#256641", 1.6)
    p.line([(150, 84), (330, 84)], "#c9bf9d", 2)
    for x, turn in ((196, -118), (216, -104), (236, -90), (260, -84)):
        rice_ear(p, x, 197, 92, turn, "#e0aa3e", "#7d9a3c", 1.0)
    p.fill([(131, 202), (345, 202), (350, 288), (127, 288)], "#2f7d4f")
    p.text(238, 231, "GẠO OM18", 31, "#ffffff")
    p.text(238, 267, "Nước Nổi · 5 kg", 18, "#fdeebb", bold=False)
    # a wooden bowl of rice
    p.fill(smooth([(352, 282), (372, 262), (402, 254), (432, 262), (450, 282), (402, 292)]), "#ffffff", shade="#e6e1d2", by=(-6, -5))
    for k in range(34):
        x, y = 366 + (k * 37) % 72, 266 + (k * 13) % 18
        p.fill(ellipse(x, y, 4.2, 1.7, k * 50), "#d9d1bb")
    p.fill(smooth([(346, 280), (456, 280), (442, 312), (402, 322), (360, 312)]), "#9a6234", shade="#7c4b24", by=(-10, -4))


PICTURES = {
    "PR-01": (pr_01, "#fdf0d5", "#e3c08f"),
    "PR-02": (pr_02, "#eef5df", "#c6d8ae"),
    "PR-03": (pr_03, "#fff3d6", "#ecca85"),
    "PR-04": (pr_04, "#fde9df", "#ecbba8"),
    "PR-05": (pr_05, "#f3eaf2", "#d9c1d3"),
    "PR-06": (pr_06, "#f1f6e2", "#c5d6aa"),
    "PR-07": (pr_07, "#f8eee9", "#d8c8b0"),
    "PR-08": (pr_08, "#e9f3e4", "#b2caa4"),
    "PR-09": (pr_09, "#f3ead8", "#d9cdb3"),
    "PR-10": (pr_10, "#fbf3dc", "#d8c79e"),
    "PR-11": (pr_11, "#e3eff2", "#aac3c8"),
    "PR-12": (pr_12, "#fbeedd", "#d6bb97"),
    "PR-13": (pr_13, "#fbe9e2", "#dbb5a7"),
    "PR-14": (pr_14, "#f6f4da", "#d6cb98"),
    "PR-15": (pr_15, "#f4f1dd", "#d3c397"),
}


def main(wanted):
    folder = Path(__file__).resolve().parent
    too_large = []
    for name, (draw, wall, table) in PICTURES.items():
        if not wanted or name in wanted:
            picture = Picture(wall, table)
            draw(picture)
            if picture.save(folder / f"{name}.png") > MAX_BYTES:
                too_large.append(name)
    if too_large:
        sys.exit(f"above {MAX_BYTES} bytes: {' '.join(too_large)}")


if __name__ == "__main__":
    main(sys.argv[1:])
