"""Checks that a file holds a valid OpenAPI document: validate_document.py FILE"""

import json
import sys

from openapi_spec_validator import OpenAPIV31SpecValidator

with open(sys.argv[1], encoding="utf-8") as file:
    document = json.load(file)
errors = list(OpenAPIV31SpecValidator(document).iter_errors())
for error in errors:
    print("/".join(map(str, error.absolute_path)), error.message[:300], file=sys.stderr)
sys.exit(1 if errors else 0)
