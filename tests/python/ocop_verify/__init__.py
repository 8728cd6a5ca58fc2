"""A verifier of bundles, written only from docs/formats.md, docs/rules.md and the public specifications they name.

It shares no code and no author's knowledge with `ledger-core` or the page. If it disagrees with a vector,
then the documents, the vector or the code is wrong. File names follow the sections of the documents.
"""
