"""The page's copy of the messages is the same as ours."""

from pathlib import Path
from typing import get_args

import msgspec
import pytest

from isobath.protocol import messages
from isobath.protocol.typescript import TARGET, NoTypeScript, generate, typescript, words_of

ROOT = Path(__file__).parents[2]


def test_the_committed_file_is_what_the_generator_writes_now():
    assert (ROOT / TARGET).read_text(encoding="utf-8") == generate(), (
        "web/src/protocol/messages.ts is out of date: run python -m isobath.protocol.typescript"
    )


def test_every_message_has_an_interface_with_its_tag():
    text = generate()
    for message in get_args(messages.FromPage) + get_args(messages.FromServer):
        assert (
            f'export interface {message.__name__} {{\n  readonly type: "{message.__struct_config__.tag}";'
            in text
        )


def test_every_message_says_what_it_means():
    words = words_of(messages)
    for message in get_args(messages.FromPage) + get_args(messages.FromServer):
        assert words.names[message.__name__], message


def test_explanations_of_fields_travel_along():
    assert (
        "/** The highest number the library has for this page: what lies above is still to be sent. */"
        in generate()
    )


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (tuple[float, ...], "readonly number[]"),
        (tuple[tuple[float, ...], ...], "readonly (readonly number[])[]"),
        (tuple[str, int], "readonly [string, number]"),
        (str | None, "string | null"),
        (dict[str, bool], "{ readonly [key: string]: boolean }"),
        (bytes, "Uint8Array"),
    ],
)
def test_types_have_their_counterpart(annotation, expected):
    assert typescript(msgspec.inspect.type_info(annotation)) == expected


def test_a_type_without_a_counterpart_is_named():
    with pytest.raises(NoTypeScript, match="counterpart"):
        typescript(msgspec.inspect.type_info(set[int]))
