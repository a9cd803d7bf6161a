"""A machine without Kannel says so: its tests fail there, and are left out only where someone has said that it goes without."""

import pytest

from tests import kannel


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(kannel, "BOXES", ("bearerbox", "no-such-box"))
    monkeypatch.delenv(kannel.WITHOUT, raising=False)
    return monkeypatch


@pytest.mark.usefixtures("nowhere")
def test_without_kannel_its_tests_fail_and_say_what_to_install() -> None:
    with pytest.raises(pytest.fail.Exception, match="apt-get install kannel"):
        kannel.look_for_kannel()


def test_a_machine_that_goes_without_leaves_them_out_and_says_so(
    nowhere: pytest.MonkeyPatch,
) -> None:
    nowhere.setenv(kannel.WITHOUT, "1")
    with pytest.raises(pytest.skip.Exception, match="goes without Kannel"):
        kannel.look_for_kannel()
