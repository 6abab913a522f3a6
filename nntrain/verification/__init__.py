"""Certificates: is a spec deterministic, and does it resume bit for bit?"""
