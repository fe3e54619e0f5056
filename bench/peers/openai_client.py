"""Talks with a running `llm4rec serve` through PyPI's openai, as any chat client would: python openai_client.py [BASE_URL [KEY]]

    python3 -m venv ~/openai && ~/openai/bin/pip install openai==3.57.0
    ~/openai/bin/python openai_client.py http://127.0.0.1:8080/v1

It lists the models, asks whole and streamed in one conversation, goes on with many conversations at once, and sends what has to be
refused. Anything that is not as OpenAI's own service would have it ends the program with status 1.
"""

import asyncio
import sys

import openai

USER = "1"  # of the data set


def check(holds, what):
    print("ok  " if holds else "FAIL", what)
    if not holds:
        sys.exit(1)


def refused(kind, status, code, what, call):
    try:
        call()
    except kind as e:
        check(e.status_code == status and e.code == code and e.message, f"{what}: {e.message}")
    else:
        check(False, what)


def one_conversation(client, model):
    said = [{"role": "system", "content": "You are a helpful assistant."}, {"role": "user", "content": "I would like to see a film."}]
    whole = client.chat.completions.create(model=model, messages=said, user=USER, temperature=0.7)
    answer = whole.choices[0]
    check(answer.message.role == "assistant" and answer.finish_reason == "stop", f"an answer: {answer.message.content!r}")
    check(whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens, f"usage: {whole.usage.total_tokens} tokens")
    check(whole.llm4rec["turn"] == 1 and whole.llm4rec["replayed"] == 0, f"the extension: {whole.llm4rec}")

    said += [answer.message.to_dict(), {"role": "user", "content": "Another one, please."}]
    chunks = list(client.chat.completions.create(model=model, messages=said, user=USER, stream=True, stream_options={"include_usage": True}))
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    check(chunks[0].choices[0].delta.role == "assistant" and text, f"{len(chunks)} chunks: {text!r}")
    check(chunks[-1].usage is not None and not chunks[-1].choices, "usage at the end")
    end = next(c for c in chunks if c.choices and c.choices[0].finish_reason)
    check(end.llm4rec["turn"] == 2 and end.llm4rec["replayed"] == 0, "the conversation went on")

    said[1]["content"] = "I would like to see a western."
    said += [{"role": "assistant", "content": text}, {"role": "user", "content": "And another one."}]
    edited = client.chat.completions.create(model=model, messages=said, user=USER, extra_body={"llm4rec": {"trace": True}})
    check(edited.llm4rec["turn"] == 3 and edited.llm4rec["replayed"] == 2, "an edited history is said again")

    for turn in (1, 2):
        named = client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "A film."}], extra_headers={"X-Session-Id": "openai_client.py"}
        )
        check(named.llm4rec["turn"] >= turn, "a session by its name")


def refusals(client, model):
    said = [{"role": "user", "content": "A film."}]
    create = client.chat.completions.create
    tool = {"type": "function", "function": {"name": "rm", "parameters": {}}}
    refused(openai.NotFoundError, 404, "model_not_found", "another model", lambda: create(model="gpt-4", messages=said))
    refused(openai.BadRequestError, 400, "unsupported_parameter", "tools", lambda: create(model=model, messages=said, tools=[tool]))
    refused(openai.BadRequestError, 400, "unsupported_parameter", "two answers", lambda: create(model=model, messages=said, n=2))
    refused(openai.BadRequestError, 400, "missing_required_parameter", "no messages", lambda: create(model=model, messages=[]))
    image = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://127.0.0.1/x.png"}}]}]
    refused(openai.BadRequestError, 400, "unsupported_parameter", "an image", lambda: create(model=model, messages=image))
    large = [{"role": "user", "content": "a" * (10 << 20)}]
    refused(openai.APIStatusError, 413, "request_too_large", "10 MB", lambda: create(model=model, messages=large))
    refused(openai.NotFoundError, 404, "unknown_url", "embeddings", lambda: client.embeddings.create(model=model, input="a"))


async def many(base, key, model, conversations=100, turns=3):
    async with openai.AsyncOpenAI(base_url=base, api_key=key, max_retries=5, timeout=300) as client:

        async def talk(n):
            said = []
            for turn in range(turns):
                said.append({"role": "user", "content": f"Conversation {n}, turn {turn}: a film."})
                got = await client.chat.completions.create(model=model, messages=said)
                if got.llm4rec["turn"] != turn + 1 or got.llm4rec["replayed"]:
                    return False
                said.append(got.choices[0].message.to_dict())
            return True

        good = await asyncio.gather(*(talk(n) for n in range(conversations)))
        check(all(good), f"{sum(good)} of {conversations} conversations at once")


def main(base="http://127.0.0.1:8080/v1", key="none"):
    client = openai.OpenAI(base_url=base, api_key=key, max_retries=0)
    print(f"openai {openai.__version__}")
    model = client.models.list().data[0].id
    check(client.models.retrieve(model).id == model, f"the model {model}")
    one_conversation(client, model)
    refusals(client, model)
    asyncio.run(many(base, key, model))


if __name__ == "__main__":
    main(*sys.argv[1:])
