"""Everything public in ``analysis`` is shown at work, and says what shape its arrays are."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import analysis

FOLDER = Path(analysis.__file__).parent
ARRAYS = re.compile(r"\b(Float|Int|Bool|Date)Array\b")
AXIS = r"(\d+ × )?\d?([A-Za-z]|max_wave|degree|ties|\d)( [+-] \d)?"
SHAPE = re.compile(rf"\((…|{AXIS})(,|(, ({AXIS}|…))+)\)")
EXAMPLE = re.compile(r"^ *(>>>|\.\.\.).*$", re.MULTILINE)

Definition = ast.FunctionDef | ast.ClassDef


def definitions(tree: ast.Module | ast.ClassDef) -> Iterator[Definition]:
    """What a module, or a class, has for others to use."""
    for node in tree.body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from definitions(node)


def is_to_be_shown(node: Definition, tree: ast.Module) -> bool:
    """Methods without arguments are shown with their class."""
    return node in tree.body or (
        isinstance(node, ast.FunctionDef) and len([*node.args.args, *node.args.kwonlyargs]) > 1
    )


def has_arrays(node: Definition) -> bool:
    """Whether arrays go in or come out, or are its fields."""
    if isinstance(node, ast.FunctionDef):
        arguments = [*node.args.args, *node.args.kwonlyargs]
        types = [node.returns, *(argument.annotation for argument in arguments)]
    else:
        types = [field.annotation for field in node.body if isinstance(field, ast.AnnAssign)]
    return any(ARRAYS.search(ast.unparse(each)) for each in types if each is not None)


def without_example(source: str) -> list[str]:
    tree = ast.parse(source)
    return [
        node.name
        for node in definitions(tree)
        if is_to_be_shown(node, tree) and ">>>" not in (ast.get_docstring(node) or "")
    ]


def without_shape(source: str) -> list[str]:
    return [
        node.name
        for node in definitions(ast.parse(source))
        if has_arrays(node) and not SHAPE.search(EXAMPLE.sub("", ast.get_docstring(node) or ""))
    ]


def modules() -> Iterator[tuple[str, str]]:
    for file in sorted(FOLDER.rglob("*.py")):
        yield str(file.relative_to(FOLDER)), file.read_text(encoding="utf-8")


def test_every_public_function_and_class_has_a_doctest() -> None:
    assert [(file, name) for file, source in modules() for name in without_example(source)] == []


def test_whatever_takes_or_gives_arrays_says_their_shape() -> None:
    assert [(file, name) for file, source in modules() for name in without_shape(source)] == []


def test_what_lacks_them_is_named() -> None:
    source = '''
def shown(x: FloatArray) -> float:
    """The sum of (n,) numbers.

    >>> shown(np.array([1.0, 2.0]))
    3.0
    """

def bare(x: IntArray) -> int:
    """A sum (of all, that is)."""

class Fields:
    """Two columns.

    >>> Fields(np.zeros((1, 2)))
    """
    x: FloatArray

    def scaled(self, by: float) -> FloatArray:
        """(n, 2) the columns, made larger."""

    @property
    def total(self) -> float:
        """Of both."""

    def _own(self, x: FloatArray) -> None: ...
'''
    assert without_example(source) == ["bare", "scaled"]
    assert without_shape(source) == ["bare", "Fields"]
