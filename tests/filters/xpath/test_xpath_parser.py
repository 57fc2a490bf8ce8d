"""What is a filter and what is not; every refusal is a sentence with a place, and repeats little."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import FilterError, GatewayError, LimitError
from gateway.filters.xpath import Filter
from gateway.filters.xpath.cursor import MAX_LENGTH, MAX_NESTING, MAX_PREDICATES, MAX_STEPS
from gateway.filters.xpath.functions import FUNCTIONS
from gateway.filters.xpath.lexer import MAX_ECHO

COMET = [
    '/*[local-name()="VOEvent" and @role!="test"]',
    '//Param[@name="SC_Lat" and @value>600]',
    '//Param[@name="SC_Lat" and @value<600]',
    '//Who[AuthorIVORN="ivo://lofar.transients/"]',
    '//Who/Author[shortName="VO-GCN"]',
    '//How[contains(Description, "Swift")]',
    """//How[contains(Description, "Swift")] or
             ( //Param[@name="Sun_Distance" and @value>40]
              and //Who/Author[shortName="VO-GCN"])""",
    "foo",
]
"""Those of Comet's documentation, tests and benchmark."""


@pytest.mark.parametrize("text", COMET)
def test_filters_of_comet(text: str) -> None:
    assert Filter(str(Filter(text))) == Filter(text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("child::a/descendant::b", "a//b"),
        ("descendant::b", ".//b"),
        ("/descendant::b", "//b"),
        ("attribute::a", "@a"),
        ("self::a/parent::voe:b", "self::a/parent::voe:b"),
        ("./..", "./.."),
        ("/", "/."),
        ("(/) * 5", "/. * 5"),
        ("/*", "/*"),
        ("/ *", "/*"),
        ("string( . )='a'", 'string() = "a"'),
        ("local-name()='a'", 'local-name() = "a"'),
        ("'say \"x\"'", "'say \"x\"'"),
        ("((a))", "a"),
        ("(a or b) and c", "(a or b) and c"),
        ("a or (b or c)", "a or (b or c)"),
        ("a or b or c", "a or b or c"),
        ("1-(2-3)", "1 - (2 - 3)"),
        ("(1-2)-3", "1 - 2 - 3"),
        ("-(1+2)*3", "-(1 + 2) * 3"),
        ("---1", "-1"),
        ("- -1", "--1"),
        ("a-b", "a-b"),
        ("a -b", "a - b"),
        ("div div div", "div div div"),
        ("* * *", "* * *"),
        ("or or or", "or or or"),
        ("@and and @or", "@and and @or"),
        ("1.50", "1.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1e3", "1000"),
        ("a[1][last()]", "a[1][last()]"),
        ("text()[2]='a'", 'text()[2] = "a"'),
        ("//text ( )", "//text()"),
        ("child :: a", "a"),
        ("a<=b", "a <= b"),
    ],
)
def test_canonical_spelling(text: str, canonical: str) -> None:
    assert str(Filter(text)) == canonical
    assert Filter(canonical).term == Filter(text).term


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("", 1, "is expected, and there is the end"),
        ("/////", 3, "and there is `//`"),
        ("Not a valid XPath expression", 5, "there is `a`"),
        ('//Param[@name="x"', 18, "Here `]` is expected"),
        ("a]", 2, "an operator or the end"),
        ("a[]", 3, "is expected"),
        ("(a", 3, "Here `)` is expected"),
        ("a and", 6, "there is the end"),
        ("count()", 1, "another number of arguments"),
        ("true(1)", 1, "another number of arguments"),
        ("contains(a)", 1, "another number of arguments"),
        ("count(1)", 1, "takes a path"),
        ("count(a b)", 9, "Here `,` is expected"),
        ('"abc', 1, "quotes that begin here do not end"),
        ("a = #", 5, "XPath has no `#`"),
        ("//Param[@name=\u201ex\u201c]", 15, "XPath has no `?`"),
        ("\x00", 1, "XPath has no `?`"),
        ("@1", 2, "Here a name"),
        ("a[1", 4, "Here `]`"),
        ("1e999", 1, "too large"),
        ("9" * 400, 1, "too large"),
        ("a b", 3, "there is `b`"),
    ],
)
def test_what_is_not_xpath(text: str, column: int, says: str) -> None:
    check(text, "filter-syntax", column, says)


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("//a | //b", 5, "write `or`"),
        ("a = $x", 5, "no variables"),
        ("//stc:x", 3, "use local-name()"),
        ("@xlink:href", 2, "use local-name()"),
        ("@voe:role", 2, "use local-name()"),
        ("name() = 'x'", 1, "use local-name()"),
        ("document('x')", 1, "no function `document`"),
        ("id('x')", 1, "no function `id`"),
        ("voe:f('x')", 1, "no function `voe:f`"),
        ("lang('en')", 1, "no function"),
        ("sum(//a)", 1, "no function"),
        ("ends-with(a, 'x')", 1, "use contains()"),
        ("//comment()", 3, "do not look for `comment`"),
        ("node()", 1, "no function `node`"),
        ("@text()", 2, "do not look for"),
        ("self::text()", 7, "do not look for"),
        ("ancestor::a", 1, "no axis `ancestor`"),
        ("a/following-sibling::b", 3, "no axis"),
        ("//.", 3, "After `//`"),
        ("a//..", 4, "After `//`"),
        ("a//self::b", 4, "After `//`"),
        ("a//descendant::b", 4, "After `//`"),
        ("(//a)[1]", 6, "in parentheses"),
        ("(//a)/b", 6, "in parentheses"),
        ("@a/..", 3, "ends a path"),
        ("text()//b", 7, "ends a path"),
        ("//@a[2]", 5, "counts siblings"),
        ("parent::a[1]", 10, "counts siblings"),
        ("descendant::a[1]", 14, "counts siblings"),
        ("position() = 1", 1, "brackets of a child step"),
        ("@a[last() = 1]", 4, "brackets of a child step"),
        ("@a[../b]", 4, "there is only `.`"),
        ("text()[@a]", 8, "there is only `.`"),
        ("@a[local-name() = 'a']", 4, "elements only"),
        ("local-name(@a)", 1, "elements only"),
        ("concat(a, 1)", 1, "numbers do not become text"),
        ("string(1)", 1, "numbers do not become text"),
        ("contains(a, true())", 1, "numbers do not become text"),
    ],
)
def test_what_filters_do_not_have(text: str, column: int, says: str) -> None:
    check(text, "filter-unsupported", column, says)


def check(text: str, code: str, column: int, says: str) -> None:
    with pytest.raises(FilterError) as caught:
        Filter(text)
    error = caught.value
    assert (error.code, error.where.column) == (code, column), str(error)
    assert says in error.message
    assert f"column {column}: " in str(error)


def chain(count: int, one: str = "1", sign: str = "+") -> str:
    return sign.join([one] * count)


@pytest.mark.parametrize(
    ("within", "beyond", "code"),
    [
        ("a" * MAX_LENGTH, "a" * (MAX_LENGTH + 1), "limit-size"),
        ("/".join(["a"] * MAX_STEPS), "/".join(["a"] * (MAX_STEPS + 1)), "limit-size"),
        ("a" + "[1]" * MAX_PREDICATES, "a" + "[1]" * (MAX_PREDICATES + 1), "limit-size"),
        ("(" * MAX_NESTING + "a" + ")" * MAX_NESTING, "(" * 9 + "a" + ")" * 9, "limit-depth"),
        ("not(" * 8 + "a" + ")" * 8, "not(" * 9 + "a" + ")" * 9, "limit-depth"),
        ("a[" * 8 + "a" + "]" * 8, "a[" * 9 + "a" + "]" * 9, "limit-depth"),
        (chain(MAX_NESTING + 1), chain(MAX_NESTING + 2), "limit-depth"),
        (f"({chain(5)})+{chain(4)}", f"({chain(5)})+{chain(5)}", "limit-depth"),
        # Written with spaces it would be too long to be read again.
        (chain(100, "1=1", " or "), chain(140, "1=1", " or "), "limit-size"),
    ],
)
def test_limits(within: str, beyond: str, code: str) -> None:
    Filter(within)
    with pytest.raises(LimitError) as caught:
        Filter(beyond)
    assert caught.value.code == code


DEEP = ["-" * 999 + "1", "not(" * 250, "(" * 1000, "a[" * 500, "1+" * 499 + "1", "a or " * 199 + "a"]


@pytest.mark.parametrize("text", DEEP)
def test_no_filter_is_too_deep_for_python(text: str) -> None:
    refused = refusal(text)
    assert refused is None or refused.code in ("limit-depth", "limit-size")


@given(st.text(st.characters(codec="utf-8"), max_size=60) | st.text("ab/@.[]()'\"=<*:|$-,1 x\n", max_size=40))
def test_any_text_is_a_filter_or_a_sentence(text: str) -> None:
    said = str(refusal(text) or "is a filter")
    assert said.isascii()
    assert said.isprintable()
    assert len(said) < 200


def refusal(text: str) -> GatewayError | None:
    try:
        one = Filter(text)
    except GatewayError as error:
        return error
    assert Filter(str(one)) == one
    return None


@pytest.mark.parametrize("before", ["", "a = ", "a "])
def test_a_message_repeats_little(before: str) -> None:
    with pytest.raises(FilterError) as caught:
        Filter(f"{before}{'b' * 300}('\u00e9\x07')")
    assert "b" * (MAX_ECHO - 4) in str(caught.value)
    assert "b" * (MAX_ECHO + 1) not in str(caught.value)


def test_what_is_allowed_is_a_table() -> None:
    assert {"contains", "count", "local-name", "not", "starts-with"} <= set(FUNCTIONS)
    assert not {"document", "id", "key", "name", "lang", "system-property"} & set(FUNCTIONS)
