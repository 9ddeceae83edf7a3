"""What the API takes and answers, said once: for programs as OpenAPI, for people as a page."""
