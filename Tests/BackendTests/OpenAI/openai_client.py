"""Uses a backend as a user of OpenAI's Python client would; the arguments are its base address and an API key.

The upstream behind it is the one of OpenAIClientTests. Ends with status 0 when everything was as expected.
"""

import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key=sys.argv[2], max_retries=0, timeout=60)
messages = [{"role": "user", "content": "Hi"}]

assert [model.id for model in client.models.list()] == ["m"]
assert client.models.retrieve("m").id == "m"

answer = client.chat.completions.create(model="m", messages=messages)
assert answer.choices[0].message.content == "Hello", answer
assert answer.usage.total_tokens == 7, answer

chunks = list(client.chat.completions.create(model="m", messages=messages, stream=True))
assert "".join(c.choices[0].delta.content or "" for c in chunks) == "Hello there", chunks
assert all(c.usage is None for c in chunks), chunks

chunks = list(
    client.chat.completions.create(
        model="m", messages=messages, stream=True, stream_options={"include_usage": True}
    )
)
assert chunks[-1].usage.total_tokens == 10, chunks[-1]

tools = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}]
call = client.chat.completions.create(model="tools", messages=messages, tools=tools).choices[0].message.tool_calls[0]
assert (call.function.name, call.function.arguments) == ("weather", "{}"), call

vectors = client.embeddings.create(model="m", input=["a"], encoding_format="float")
assert vectors.data[0].embedding == [0.5, -1.0], vectors

assert client.responses.create(model="m", input="Hi").output_text == "Hello"
events = [event.type for event in client.responses.create(model="m", input="Hi", stream=True)]
assert events == ["response.output_text.delta", "response.completed"], events

try:
    client.chat.completions.create(model="bad", messages=messages)
    raise AssertionError("no error")
except openai.BadRequestError as error:
    assert error.code == "unknown_model" and error.param == "model", error

try:
    list(client.chat.completions.create(model="broken", messages=messages, stream=True))
    raise AssertionError("no error")
except openai.APIError as error:
    assert error.code == "upstream_connection_lost", error

try:
    client.chat.completions.create(model="busy", messages=messages)
    raise AssertionError("no error")
except openai.RateLimitError as error:
    assert error.response.headers["retry-after"] == "120", error.response.headers
    assert "x-ratelimit-remaining-requests" in error.response.headers

try:
    openai.OpenAI(base_url=sys.argv[1], api_key="sk-wrong", max_retries=0).models.list()
    raise AssertionError("no error")
except openai.AuthenticationError:
    pass
