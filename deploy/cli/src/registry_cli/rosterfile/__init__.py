"""Reads a roster as a county office keeps it: CSV, Chinese or English headers, any common coding.

Rows stream: a file of any length needs the memory of one row. What can be read in one way only is
put right (spaces, full-width digits, forms of dates, names of codes); what cannot is named with
row, column, problem and remedy. Rules about persons stay with the member service.
"""

from registry_cli.rosterfile.headers import FIELDS
from registry_cli.rosterfile.inspection import FileFacts
from registry_cli.rosterfile.problems import Problem, RosterFileError
from registry_cli.rosterfile.reader import Roster, RosterRow, read_roster

__all__ = [
    "FIELDS",
    "FileFacts",
    "Problem",
    "Roster",
    "RosterFileError",
    "RosterRow",
    "read_roster",
]
