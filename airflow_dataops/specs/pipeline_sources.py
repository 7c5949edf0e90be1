"""A pipeline's YAML file together with the shared fragments that it includes.

``include`` stands at the top, where a fragment's keys are merged below the pipeline's own, and as
an item of the lists of stages, tasks and tests, where a fragment's items take its place. Where
each part came from is remembered, so that a complaint names the file and the line that a person
has to look at.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from airflow_dataops.domain.kitchen_at_parse import PIPELINE_YAML, PIPELINES
from airflow_dataops.errors import SpecError
from airflow_dataops.specs import wording
from airflow_dataops.specs.kept_yaml import read_kept

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_dataops.specs.marked_yaml import MarkedYaml, Place

INCLUDE = "include"
_TOP: Place = ()
_LISTS_OF_STAGE = ("tasks", "tests")


class PipelineSources:
    """The files of one pipeline, read as one.

    Args:
        code: the branch's folder; nothing outside of it is read.
        name: the pipeline's folder.

    Attributes:
        content: the whole pipeline, fragments filled in.
        complaints: all that is wrong, first with the files as such.

    Raises:
        SpecError: the file cannot be read, or is no YAML at all.
    """

    def __init__(self, code: Path, name: str) -> None:
        self._code = code
        self._folder = code / PIPELINES / name
        file = self._folder / PIPELINE_YAML
        shown_as = f"{PIPELINES}/{name}/{PIPELINE_YAML}"
        if file.is_symlink() and not file.resolve().is_relative_to(code):
            message = "this link leads out of the branch; put the file itself here"
            raise SpecError(message, file=shown_as)
        self._own = read_kept(file, shown_as=shown_as)
        self._moved: dict[Place, tuple[MarkedYaml, Place]] = {}
        self.complaints = list(self._own.complaints)
        self.content = self._own.content
        if isinstance(self.content, dict):
            self.content = self._with_fragments(self.content)

    @property
    def file(self) -> str:
        """The pipeline's file, from the branch's root on."""
        return self._own.file

    def complain(self, problem: str, place: Place) -> None:
        """Note what is wrong with the value at a place of the whole pipeline."""
        self.complaints.append(self.complaint(problem, place))

    def complaint(self, problem: str, place: Place) -> SpecError:
        """A complaint about the value at a place of the whole pipeline."""
        marked, inside = self._origin(place)
        return marked.complaint(problem, inside)

    def _origin(self, place: Place) -> tuple[MarkedYaml, Place]:
        marked, inside = self._own, _TOP
        for depth, part in enumerate(place, start=1):
            marked, inside = self._moved.get(place[:depth], (marked, (*inside, part)))
        return marked, inside

    def _with_fragments(self, content: dict[str, object]) -> dict[str, object]:
        if INCLUDE in content:
            content = self._merged(content)
        stages = content.get("stages")
        if not isinstance(stages, list):
            return content
        stages = self._spliced(stages, ("stages",))
        filled = [self._stage(stage, ("stages", n)) for n, stage in enumerate(stages)]
        return {**content, "stages": filled}

    def _stage(self, stage: object, place: Place) -> object:
        if not isinstance(stage, dict):
            return stage
        lists = {
            key: self._spliced(stage[key], (*place, key))
            for key in _LISTS_OF_STAGE
            if isinstance(stage.get(key), list)
        }
        return {**stage, **lists}

    def _merged(self, content: dict[str, object]) -> dict[str, object]:
        """The pipeline's keys over those of its fragments, of which a later one wins."""
        included = content[INCLUDE]
        merged = {key: value for key, value in content.items() if key != INCLUDE}
        paths = included if isinstance(included, list) else [included]
        for number, path in reversed(list(enumerate(paths))):
            place: Place = (INCLUDE, number) if isinstance(included, list) else (INCLUDE,)
            fragment = self._fragment(path, place)
            if fragment is None:
                continue
            if not isinstance(fragment.content, dict):
                self._complain_here(
                    f"{fragment.file} holds no keys; a list of them is wanted", place
                )
            elif INCLUDE in fragment.content:
                self.complaints.append(fragment.complaint(_NESTED, (INCLUDE,)))
            else:
                merged = self._below(merged, fragment.content, (), fragment)
        return merged

    def _below(
        self, own: dict[str, object], more: dict[str, object], place: Place, marked: MarkedYaml
    ) -> dict[str, object]:
        merged = dict(own)
        for key, value in more.items():
            here = (*place, key)
            present = merged.get(key)
            if key not in merged:
                merged[key] = value
                self._moved[here] = (marked, here)
            elif isinstance(present, dict) and isinstance(value, dict):
                merged[key] = self._below(present, value, here, marked)
        return merged

    def _spliced(self, items: list[object], place: Place) -> list[object]:
        if not any(isinstance(item, dict) and INCLUDE in item for item in items):
            return items
        spliced: list[object] = []
        origins = [self._origin((*place, number)) for number in range(len(items))]
        for item, (marked, inside) in zip(items, origins, strict=True):
            parts = [(item, marked, inside)]
            if isinstance(item, dict) and INCLUDE in item:
                parts = self._items(item, marked, inside)
            for part, source, inside_source in parts:
                self._moved[(*place, len(spliced))] = (source, inside_source)
                spliced.append(part)
        return spliced

    def _items(
        self, item: dict[str, object], marked: MarkedYaml, inside: Place
    ) -> list[tuple[object, MarkedYaml, Place]]:
        """What stands for an item ``include: …`` of a list."""
        if len(item) > 1:
            others = ", ".join(key for key in item if key != INCLUDE)
            problem = f"beside 'include' nothing else stands in an item; here: {others}"
            self.complaints.append(marked.complaint(problem, inside))
            return []
        if marked is not self._own:
            self.complaints.append(marked.complaint(_NESTED, inside))
            return []
        fragment = self._fragment(item[INCLUDE], (*inside, INCLUDE))
        if fragment is None:
            return []
        if not isinstance(fragment.content, list):
            problem = f"{fragment.file} is no list; a list's items are included by their list"
            self._complain_here(problem, inside)
            return []
        for number, part in enumerate(fragment.content):
            if isinstance(part, dict) and INCLUDE in part:
                self.complaints.append(fragment.complaint(_NESTED, (number,)))
        return [(part, fragment, (number,)) for number, part in enumerate(fragment.content)]

    def _fragment(self, path: object, place: Place) -> MarkedYaml | None:
        if not isinstance(path, str) or not _is_plain(path):
            problem = (
                f"include is {path!r}; write a .yaml file beside the pipeline, or one from the "
                "branch's root on, without '..'"
            )
            self._complain_here(problem, place)
            return None
        file = next((f for f in self._candidates(path) if f.is_file()), None)
        if file is None:
            self._complain_here(self._missing(path), place)
            return None
        if not file.resolve().is_relative_to(self._code):
            problem = f"{path} is a link that leads out of the branch; put the file itself there"
            self._complain_here(problem, place)
            return None
        try:
            fragment = read_kept(file, shown_as=str(file.relative_to(self._code)))
        except SpecError as error:
            self.complaints.append(error)
            return None
        self.complaints.extend(fragment.complaints)
        return fragment

    def _candidates(self, path: str) -> tuple[Path, Path]:
        return self._folder / path, self._code / path

    def _missing(self, path: str) -> str:
        there = [
            str(found.relative_to(base))
            for base in (self._folder, self._code)
            for found in sorted((base / path).parent.glob("*.y*ml"))
            if found.name != PIPELINE_YAML
        ]
        hint = wording.did_you_mean(path, there) or f"; there are: {', '.join(there) or 'none'}"
        return f"{path} is neither beside the pipeline nor below the branch's root{hint}"

    def _complain_here(self, problem: str, place: Place) -> None:
        self.complaints.append(self._own.complaint(problem, place))


_NESTED = "a fragment includes nothing itself; name both files in the pipeline"


def _is_plain(path: str) -> bool:
    parts = PurePosixPath(path).parts
    is_inside = bool(parts) and parts[0] != "/" and ".." not in parts
    return is_inside and "\0" not in path and path.endswith((".yaml", ".yml"))
