"""Tests of what comes in and what is kept."""
