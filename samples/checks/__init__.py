"""Checks of the sample courses' answers, one module a course."""
