"""The figures of a summary as plain text, for a terminal."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

ABSENT = "–"
WIDTH = 96
HOMOPHILY = ("heckathorn", "affiliation", "degree", "population")


def render(summary: Mapping[str, Any]) -> str:
    """Text of what ``report.summarise`` gives; ends with a line end.

    >>> from analysis.report import summarise
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", "a"], traits={"sex": ["m", "f"]})
    >>> print(render(summarise(sample, "sex")).splitlines()[0])
    2 participants, 1 seeds, waves 0 to 1
    """
    parts = [_structure(summary)]
    if summary["trait"] is not None:
        parts += [_composition(summary), _waves(summary), _mixing(summary)]
        parts += [_diagnostics(summary)] if summary["diagnostics"] else []
        parts.append(_estimates(summary))
    parts.append(["Cautions", *(line for each in summary["warnings"] for line in _item(each))])
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _structure(summary: Mapping[str, Any]) -> list[str]:
    chains = summary["chains"]
    sizes = ", ".join(f"{size:,}" for size in chains[:12]) + (", …" if len(chains) > 12 else "")
    people, seeds = summary["participants"], summary["seeds"]
    each = _number(summary["recruits_per_recruiter"])
    lines = [
        f"{people:,} participants, {seeds:,} seeds, waves 0 to {summary['max_wave']}",
        f"{summary['recruiters']:,} people recruited others: {each} each on average",
        f"Chains, largest first: {sizes}",
        f"Waves, seeds first: {', '.join(f'{n:,}' for n in summary['wave_counts'])}",
    ]
    if coupons := summary["coupons"]:
        issued, redeemed = coupons["issued"], coupons["redeemed"]
        rate = _percent(coupons["redemption_rate"])
        lines.append(f"Coupons: {issued:,} issued, {redeemed:,} redeemed ({rate})")
    return lines


def _composition(summary: Mapping[str, Any]) -> list[str]:
    everyone, recruits = summary["composition"], summary["composition_without_seeds"]
    rows = [
        [
            level,
            f"{one['n']:,}",
            _percent(one["share"]),
            _range(one),
            _percent(recruits[level]["share"]),
        ]
        for level, one in everyone.items()
    ]
    rows.append(["missing", f"{summary['missing']:,}", "", "", ""])
    title = f"Composition by {summary['trait']}"
    return [title, *_table(["", "people", "share", "95 % interval", "without seeds"], rows)]


def _waves(summary: Mapping[str, Any]) -> list[str]:
    shares = summary["share_by_wave"]
    rows = [
        [str(wave), f"{n:,}", *(_percent(shares[level][wave]) for level in shares)]
        for wave, n in enumerate(summary["wave_counts"])
    ]
    return ["Share by wave", *_table(["wave", "people", *shares], rows)]


def _mixing(summary: Mapping[str, Any]) -> list[str]:
    levels = summary["levels"]
    counts, shares = summary["recruitment_matrix"], summary["transition"]
    reproduction = summary["reproduction"]
    rows = [
        [
            source,
            *(f"{counts[source][to]:,} ({_percent(shares[source][to])})" for to in levels),
            _number(sum(reproduction["matrix"][source].values())),
        ]
        for source in levels
    ]
    settled = summary["equilibrium"]
    where = (
        ", ".join(f"{level} {_percent(settled[level])}" for level in levels) if settled else ABSENT
    )
    return [
        "Who recruits whom (rows recruit columns)",
        *_table(["", *levels, "recruits each"], rows),
        f"Equilibrium: {where}",
        f"Recruitment homophily (1 is none): {_number(summary['homophily']['overall'])}",
        f"Reproduction number so far: {_number(reproduction['number'])}",
    ]


def _diagnostics(summary: Mapping[str, Any]) -> list[str]:
    found = summary["diagnostics"]
    homophily = found["homophily"]
    rows = [
        [
            level,
            *(_number(homophily[name][level]) for name in HOMOPHILY),
            _number(found["differential_activity"][level]),
            _whole(found["waves_to_equilibrium"][level]),
            _number(found["expected_design_effect"][level]),
            _answer(found["chains_agree"].get(level, {}).get("agrees")),
        ]
        for level in summary["levels"]
    ]
    columns = ["", *HOMOPHILY, "activity", "waves", "design effect", "chains agree"]
    return [
        f"How well the assumptions hold, by {summary['trait']}",
        *_table(columns, rows),
        "  heckathorn: homophily, 0 is none; affiliation and degree are its parts",
        "  population: homophily as in R's RDS, 1 is none",
        "  activity: network size, over that of everyone else",
        f"  waves: from seeds of that group alone to {_points(found['tolerance'])} off equilibrium",
        "  design effect: to expect from likeness along chains",
        f"Differential activity (as in R's RDS): {_number(summary['differential_activity'])}",
        _settled(found["settled"]),
    ]


def _settled(its: Mapping[str, Any]) -> str:
    if its["is_settled"] is None:
        return "Whether RDS-II has come to rest cannot be told"
    if its["is_settled"]:
        return f"RDS-II has come to rest since {its['since']:,} people"
    moved = [drift for drift in its["drift"].values() if drift is not None]
    if not moved:
        return "RDS-II has not come to rest: it could be estimated only lately"
    return (
        f"RDS-II has not come to rest: it moved by {_points(max(moved))} while the last half came"
    )


def _estimates(summary: Mapping[str, Any]) -> list[str]:
    rows = [
        [
            name,
            *(
                f"{_percent(its[level]['estimate'])} ({_range(its[level])})"
                if its[level]["low"] is not None
                else _percent(its[level]["estimate"])
                for level in summary["levels"]
            ),
        ]
        for name, its in summary["estimates"].items()
        if its
    ]
    title = f"Estimates of the population by {summary['trait']}"
    return [title, *_table(["", *summary["levels"]], rows), *_methods(summary["intervals"])]


def _methods(made: Mapping[str, Any] | None) -> list[str]:
    """How the intervals were made: a line for all that were made alike."""
    alike: dict[str, list[str]] = {}
    for name, its in (made["methods"] if made else {}).items():
        lost = f", {its['lost']:,} lost" if its["lost"] else ""
        how = (
            f"95 % {its['kind']} interval, {its['bootstrap']} bootstrap, "
            f"{its['replicates']:,} replicates{lost}"
        )
        alike.setdefault(how, []).append(name)
    return [line for how, names in alike.items() for line in _item(f"{', '.join(names)}: {how}")]


def _item(text: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent="  - ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    return [
        "  " + "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()
        for row in [header, *rows]
    ]


def _percent(share: float | None) -> str:
    return ABSENT if share is None else f"{100 * share:.1f} %"


def _points(share: float) -> str:
    return f"{100 * share:.1f} points"


def _range(one: Mapping[str, float | None]) -> str:
    return (
        ABSENT if one["low"] is None else f"{100 * one['low']:.1f}–{100 * (one['high'] or 0):.1f} %"
    )


def _number(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.2f}"


def _whole(value: int | None) -> str:
    return ABSENT if value is None else f"{value:,}"


def _answer(value: bool | None) -> str:
    return ABSENT if value is None else ("yes" if value else "no")
