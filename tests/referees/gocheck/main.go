// Go's own note and tlog code (the checksum database's) on what our code writes. One line for each question: agree or
// DISAGREE; exit code 1 when there was a disagreement.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"referees/note"
	"referees/tlog"
)

type proofs struct {
	Inclusion []struct {
		Index, Size int64
		Leaf, Root  string
		Path        []string
	}
	Consistency []struct {
		Old, New int64
		OldRoot  string `json:"old_root"`
		NewRoot  string `json:"new_root"`
		Path     []string
	}
}

var (
	folder    = os.Args[1]
	disagrees = false
	sizes     = []int64{0, 1, 2, 3, 5, 8, 255, 256, 257, 300}
)

func main() {
	verifier := must(note.NewVerifier(strings.TrimSpace(string(read("log.vkey")))))
	ask("vkey: read, with our key ID", func() error { return nil })
	ask("heads: the log's signature holds, the cosignature is left to others", func() error { return heads(verifier) })
	ask("heads: a changed one does not hold", func() error { return changed(verifier) })
	ask("tiles: they lead to the root of every head", tiles)
	ask("inclusion proofs: ours are those it makes itself, and hold", inclusion)
	ask("consistency proofs: ours are those it makes itself, and hold", consistency)
	ask("signs a head (our code reads it below); Ed25519 gives our very line", func() error { return sign(verifier) })
	if disagrees {
		os.Exit(1)
	}
}

func ask(question string, answer func() error) {
	if err := answer(); err != nil {
		disagrees = true
		fmt.Printf("DISAGREE  Go: %s (%v)\n", question, err)
		return
	}
	fmt.Printf("agree     Go: %s\n", question)
}

func heads(verifier note.Verifier) error {
	for _, size := range sizes {
		text := read("heads/" + strconv.FormatInt(size, 10))
		opened, err := note.Open(text, note.VerifierList(verifier))
		if err != nil {
			return err
		}
		if len(opened.Sigs) != 1 || len(opened.UnverifiedSigs) != 1 {
			return fmt.Errorf("size %d: %d and %d signatures", size, len(opened.Sigs), len(opened.UnverifiedSigs))
		}
		again, err := note.Sign(opened)
		if err != nil || !bytes.Equal(again, text) {
			return fmt.Errorf("size %d: another spelling of the note (%v)", size, err)
		}
	}
	return nil
}

func changed(verifier note.Verifier) error {
	text := bytes.Replace(read("heads/5"), []byte("\n5\n"), []byte("\n6\n"), 1)
	if _, err := note.Open(text, note.VerifierList(verifier)); err == nil {
		return fmt.Errorf("it holds")
	}
	return nil
}

// Our folder as Go's tile reader: only the paths differ.
type files struct{}

func (files) Height() int                                 { return 8 }
func (files) SaveTiles(tiles []tlog.Tile, data [][]byte) {}
func (files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(folder, path))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func tree() tlog.Tree { return tlog.Tree{N: 300, Hash: root(300)} }

// The root that a head states.
func root(size int64) tlog.Hash {
	lines := strings.Split(string(read("heads/"+strconv.FormatInt(size, 10))), "\n")
	return tlog.Hash(must(base64.StdEncoding.DecodeString(lines[2])))
}

func tiles() error {
	reader := tlog.TileHashReader(tree(), files{})
	for _, size := range sizes {
		hash, err := tlog.TreeHash(size, reader)
		if err != nil || hash != root(size) {
			return fmt.Errorf("size %d: %v (%v)", size, hash, err)
		}
	}
	for i := range int64(300) {
		hashes, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, i)})
		if err != nil || hashes[0] != tlog.RecordHash([]byte(fmt.Sprintf("entry-%d", i))) {
			return fmt.Errorf("leaf %d (%v)", i, err)
		}
	}
	return nil
}

func inclusion() error {
	reader := tlog.TileHashReader(tree(), files{})
	for _, ours := range load().Inclusion {
		path := tlog.RecordProof(hashes(ours.Path))
		theirs, err := tlog.ProveRecord(ours.Size, ours.Index, reader)
		if err != nil || !same(path, theirs) {
			return fmt.Errorf("leaf %d in %d is proven otherwise (%v)", ours.Index, ours.Size, err)
		}
		if err := tlog.CheckRecord(path, ours.Size, hash(ours.Root), ours.Index, hash(ours.Leaf)); err != nil {
			return err
		}
	}
	return nil
}

func consistency() error {
	reader := tlog.TileHashReader(tree(), files{})
	for _, ours := range load().Consistency {
		path := tlog.TreeProof(hashes(ours.Path))
		theirs, err := tlog.ProveTree(ours.New, ours.Old, reader)
		if err != nil || !same(path, theirs) {
			return fmt.Errorf("%d to %d is proven otherwise (%v)", ours.Old, ours.New, err)
		}
		if err := tlog.CheckTree(path, ours.New, hash(ours.NewRoot), ours.Old, hash(ours.OldRoot)); err != nil {
			return err
		}
	}
	return nil
}

func sign(verifier note.Verifier) error {
	seed := append([]byte{1}, bytes.Repeat([]byte{1}, 32)...)
	key := fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", verifier.Name(), verifier.KeyHash(), base64.StdEncoding.EncodeToString(seed))
	signer, err := note.NewSigner(key)
	if err != nil {
		return err
	}
	text := strings.SplitAfter(string(read("heads/257")), "\n\n")
	signed, err := note.Sign(&note.Note{Text: strings.TrimSuffix(text[0], "\n")}, signer)
	if err != nil {
		return err
	}
	place := filepath.Join(folder, "answers", "Go")
	if err := os.MkdirAll(place, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(place, "note"), signed, 0o644); err != nil {
		return err
	}
	if !strings.HasPrefix(string(read("heads/257")), string(signed)) {
		return fmt.Errorf("another signature")
	}
	return os.WriteFile(filepath.Join(place, "vkeys"), read("log.vkey"), 0o644)
}

func load() proofs {
	var all proofs
	if err := json.Unmarshal(read("proofs.json"), &all); err != nil {
		panic(err)
	}
	return all
}

func hash(text string) tlog.Hash { return tlog.Hash(must(hex.DecodeString(text))) }

func hashes(texts []string) []tlog.Hash {
	var all []tlog.Hash
	for _, text := range texts {
		all = append(all, hash(text))
	}
	return all
}

func same(a, b []tlog.Hash) bool {
	for i := range a {
		if len(a) != len(b) || a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

func read(name string) []byte { return must(os.ReadFile(filepath.Join(folder, name))) }

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
