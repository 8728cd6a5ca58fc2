"""One line for each question: agree or DISAGREE. `done` ends the referee, with 1 when there was a disagreement."""

import sys


class Referee:
    def __init__(self, name):
        self.name = name
        self.questions = []

    def asks(self, question):
        """Decorates a function that answers a question by True or False; whatever it raises is a disagreement."""

        def take(answer):
            self.questions.append((question, answer))
            return answer

        return take

    def answer(self, folder, note, vkeys):
        """Keeps what this referee signed, for our own code: the log's key first."""
        place = folder / "answers" / self.name
        place.mkdir(parents=True, exist_ok=True)
        (place / "note").write_text(note)
        (place / "vkeys").write_text("\n".join(vkeys) + "\n")

    def done(self):
        disagreements = 0
        for question, answer in self.questions:
            try:
                agrees, why = answer(), ""
            except Exception as error:
                agrees, why = False, f" ({type(error).__name__}: {error})"
            disagreements += not agrees
            print(f"{'agree   ' if agrees else 'DISAGREE'}  {self.name}: {question}{why}")
        sys.exit(1 if disagreements else 0)
