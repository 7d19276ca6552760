"""Hypothesis strategies of personal values, built by the plain words of the standards."""

from datetime import date, timedelta

from hypothesis import strategies as st

from shared.people.identifiers import IdType

TODAY = date(2026, 11, 23)
PROVINCES = [
    *range(11, 16),
    *range(21, 24),
    *range(31, 38),
    *range(41, 47),
    *range(50, 55),
    *range(61, 66),
    71,
]
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def complete(body: str) -> str:
    """Append the GB 11643 check character to seventeen digits, by the printed weights."""
    total = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


def complete_mrz(body: str) -> str:
    """Append the ICAO 9303 check digit to fourteen characters."""
    values = [int(char) if char.isdigit() else ord(char) - 55 for char in body]
    return body + str(sum(v * (7, 3, 1)[i % 3] for i, v in enumerate(values)) % 10)


births = st.dates(date(1900, 1, 1), TODAY)
provinces = st.sampled_from(PROVINCES).map(str)
sequences = st.integers(0, 999).map("{:03d}".format)


@st.composite
def eighteen(draw: st.DrawFn) -> tuple[IdType, str, date]:
    """A valid 18-character number with its type and birth date."""
    id_type = draw(st.sampled_from([IdType.RESIDENT_ID, IdType.HMT_RESIDENCE, IdType.FPR_NEW]))
    match id_type:
        case IdType.RESIDENT_ID:
            region = draw(provinces) + draw(st.integers(0, 9999).map("{:04d}".format))
        case IdType.HMT_RESIDENCE:
            region = draw(st.sampled_from(["810000", "820000", "830000"]))
        case _:
            region = "9" + draw(provinces) + draw(sequences)
    born = draw(births)
    return id_type, complete(f"{region}{born:%Y%m%d}{draw(sequences)}"), born


@st.composite
def old_cards(draw: st.DrawFn) -> tuple[str, date]:
    """A valid 15-character card of a foreign permanent resident, born in 1924 or later."""
    born = draw(st.dates(date(1924, 1, 1), date(2023, 11, 30)))
    nation = draw(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=3, max_size=3))
    area = draw(provinces) + draw(st.integers(0, 99).map("{:02d}".format))
    return complete_mrz(f"{nation}{area}{born:%y%m%d}{draw(st.integers(0, 9))}"), born


future_days = st.integers(1, 40_000).map(lambda days: TODAY + timedelta(days=days))
