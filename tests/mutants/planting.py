"""What a planted bug is, and how it gets into a file."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Planted:
    """One slip that a programmer could make.

    Args:
        name: what ``--only`` takes.
        breaks: the promise that no longer holds, in one sentence.
        file: where it is planted, from the root of the checkout, below some ``src``.
        old: text that occurs exactly once there.
        new: what replaces it.
        caught_by: tests, as pytest names them, of which one at least must fail.
    """

    name: str
    breaks: str
    file: str
    old: str
    new: str
    caught_by: tuple[str, ...]

    @property
    def module(self) -> str:
        """Return the dotted name that the file is imported by."""
        inside = self.file.split("/src/", 1)[1].removesuffix(".py").removesuffix("/__init__")
        return inside.replace("/", ".")

    def plant(self, text: str) -> str:
        """Return the file's text with the bug in it.

        Raises:
            ValueError: what is to be replaced does not occur exactly once.
        """
        if (times := text.count(self.old)) != 1:
            raise ValueError(f"{self.name}: found {times} times in {self.file}: {self.old!r}")
        return text.replace(self.old, self.new)
