"""Time as the registry reads it: instants are UTC, days are of China Standard Time (UTC+8)."""

from datetime import UTC, date, datetime, timedelta, timezone

CHINA_STANDARD_TIME = timezone(timedelta(hours=8), "CST")
"""China has kept one zone without daylight saving since 1992; a fixed offset needs no tz data."""


def now() -> datetime:
    """Return the present instant, aware, in UTC, cut to milliseconds as MongoDB stores it."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def civil_day(moment: datetime) -> date:
    """Return the China Standard Time day that holds an aware instant."""
    return moment.astimezone(CHINA_STANDARD_TIME).date()


def today() -> date:
    """Return today's date in China Standard Time."""
    return civil_day(now())


def age_on(birth_date: date, day: date) -> int:
    """Return completed years of age on a day, by birth date (the form rules use)."""
    had_birthday = (day.month, day.day) >= (birth_date.month, birth_date.day)
    return day.year - birth_date.year - (0 if had_birthday else 1)
