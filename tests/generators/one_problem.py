"""Prints a contract in which every problem is the schema `Problem`, for generators with one type of error an operation."""

import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    contract = json.load(file)
problem = {"$ref": "#/components/schemas/Problem"}
for response in contract["components"]["responses"].values():
    # They read the media type `application/json` only.
    response["content"] = {"application/json": {"schema": problem}}
for item in contract["paths"].values():
    for operation in item.values():
        page = operation["responses"]["200"].get("content", {})
        if "text/html" in page and len(page) > 1:
            del page["text/html"]
json.dump(contract, sys.stdout, indent=1)
