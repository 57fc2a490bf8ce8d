"""Who asks: rights end, names are exact, groups add nothing, and nobody is seen in a text."""

import pickle
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from issuer import NOW

from gateway.errors import SettingsError
from gateway.model.audience import PUBLIC, Audience
from gateway.policy.people.principal import ANONYMOUS, Principal, renderings

HOUR = timedelta(hours=1)
RELEASES = ("dp0.1", "dp0.10", "dp0.2", "dp1", "dr1")
RIGHTS = st.frozensets(st.sampled_from(RELEASES))


def holder(*rights: str, **more: object) -> Principal:
    return Principal(frozenset(rights), NOW + HOUR, **more)  # type: ignore[arg-type]


def test_nobody_has_no_rights() -> None:
    assert ANONYMOUS.audience_at(NOW) == PUBLIC
    assert ANONYMOUS.rights_at(NOW) == frozenset() == ANONYMOUS.groups


def test_rights_end_at_their_instant() -> None:
    principal = holder("dp1")
    assert principal.rights_at(NOW + HOUR - timedelta(microseconds=1)) == {"dp1"}
    assert principal.rights_at(NOW + HOUR) == frozenset()
    assert principal.audience_at(NOW + HOUR) is PUBLIC


def test_rights_without_an_end_are_none() -> None:
    assert Principal(frozenset({"dp1"})).rights_at(NOW) == frozenset()


def test_a_time_without_zone_is_no_time() -> None:
    with pytest.raises(TypeError):
        holder("dp1").rights_at(NOW.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("held", "required", "enough"),
    [
        ((), (), True),
        ((), ("dp1",), False),
        (("dp1",), (), True),
        (("dp1",), ("dp1",), True),
        (("dp0.1",), ("dp0.10",), False),
        (("dp0.10",), ("dp0.1",), False),
        (("dp0",), ("dp0.1",), False),
        (("DP1",), ("dp1",), False),
        (("dp1",), ("dp1", "dp0.2"), False),
        (("dp1", "dp0.2"), ("dp1", "dp0.2"), True),
    ],
)
def test_a_right_is_one_release(held: tuple[str, ...], required: tuple[str, ...], enough: bool) -> None:
    assert holder(*held).audience_at(NOW).covers(frozenset(required)) is enough


@given(RIGHTS, RIGHTS)
def test_the_text_of_an_audience_is_its_rights(one: frozenset[str], other: frozenset[str]) -> None:
    assert Audience.parse(str(Audience(one))) == Audience(one)
    assert (str(Audience(one)) == str(Audience(other))) is (one == other)


def test_the_text_of_an_audience() -> None:
    assert str(PUBLIC) == "public"
    assert str(holder("dp1", "dp0.2").audience_at(NOW)) == "rights:dp0.2+dp1"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rights",
        "rights:",
        "rights:dp1+",
        "rights:+dp1",
        "Public",
        "dp1",
        "rights:*",
        "rights:dp1 dp2",
        "rights:dp1.",
        "rights:.dp1",
        "rights:dp1\n",
        "rights:ｄp1",
        "public ",
    ],
)
def test_what_is_no_audience(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Audience.parse(text)
    assert caught.value.code == "settings-value"


def test_a_right_that_reads_like_two_is_refused() -> None:
    with pytest.raises(SettingsError):
        Audience(frozenset({"dp0.2+dp1"}))


def test_nobody_is_seen_in_texts_or_pickles() -> None:
    principal = holder("dp1", subject="s3ntinel", groups=frozenset({"g_s3ntinel"}))
    copy = pickle.loads(pickle.dumps(principal))
    assert copy == holder("dp1")
    texts = [
        repr(principal),
        str(principal),
        str(principal.audience_at(NOW)),
        repr(principal.audience_at(NOW)),
    ]
    assert "s3ntinel" not in "".join(texts)
    assert b"s3ntinel" not in pickle.dumps(principal)
    assert principal != holder("dp1")  # two people with the same rights are still two


class TestGroups:
    """Membership says who gets something; what they see are their own rights (attack L23)."""

    TEAM = frozenset({"team"})

    def test_each_by_their_own_rights(self) -> None:
        one = holder("dp1", subject="one", groups=self.TEAM)
        two = holder("dp1", subject="two", groups=self.TEAM)
        three = holder("dp0.2", subject="three", groups=self.TEAM)
        four = Principal(groups=self.TEAM, subject="four")
        assert renderings("team", [one, two, three, four], NOW) == {
            Audience(frozenset({"dp1"})): (one, two),
            Audience(frozenset({"dp0.2"})): (three,),
            PUBLIC: (four,),
        }

    def test_only_members_get_anything(self) -> None:
        other = holder("dp1", groups=frozenset({"team-2", "tea"}))
        assert renderings("team", [other, ANONYMOUS], NOW) == {}

    def test_a_lapse_shows_at_the_next_delivery(self) -> None:
        member = holder("dp1", groups=self.TEAM)
        assert list(renderings("team", [member], NOW)) == [Audience(frozenset({"dp1"}))]
        assert renderings("team", [member], NOW + HOUR) == {PUBLIC: (member,)}

    @given(st.lists(st.tuples(RIGHTS, st.booleans()), max_size=6))
    def test_no_member_sees_more_than_alone(self, members: list[tuple[frozenset[str], bool]]) -> None:
        people = [
            Principal(rights, NOW + (HOUR if current else -HOUR), self.TEAM, str(number))
            for number, (rights, current) in enumerate(members)
        ]
        found = renderings("team", people, NOW)
        assert sorted(person.subject for group in found.values() for person in group) == [
            person.subject for person in people
        ]
        for audience, group in found.items():
            assert all(audience == person.audience_at(NOW) for person in group)
