"""Reads tables that people filled in: finds the header, reads each row, and names what is wrong.

The caller declares the columns and the words of its subject (`columns`); `table.read_table` takes
a file and gives its rows in the memory of one of them.
"""
