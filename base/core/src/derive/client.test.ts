import { expect, test } from "vitest";
import * as z from "zod";
import { operation } from "../contract/operation.ts";
import { MillwrightError } from "../errors.ts";
import { createClient, linkTo } from "./client.ts";

const api = {
	values: operation({
		summary: "",
		path: "/twin/values",
		input: z.object({ tags: z.array(z.string()), limit: z.int().default(3) }),
		output: z.object({ ok: z.boolean() }),
	}),
	setLimits: operation({
		summary: "",
		path: "/twin/limits",
		effect: "write",
		input: z.object({ asset: z.string() }),
		output: z.object({ ok: z.boolean() }),
	}),
	export: operation({ summary: "", path: "/twin/export", download: true, input: z.object({}), output: z.any() }),
};

function clientThat(answers: () => Response | Promise<Response>) {
	const asked: { url: string; method?: string; headers: Headers; body: unknown }[] = [];
	const client = createClient("twin", api, {
		baseUrl: "http://plant",
		headers: () => ({ authorization: "Bearer k" }),
		fetch: async (url, init) => {
			asked.push({ url: String(url), method: init?.method, headers: new Headers(init?.headers), body: init?.body });
			return answers();
		},
	});
	return { client, asked };
}
const ok = () => Response.json({ ok: true });

test("a flat read is a GET with its parameters and our header", async () => {
	const { client, asked } = clientThat(ok);
	expect(await client.values({ tags: ["a", "b"] })).toEqual({ ok: true });
	expect(asked[0]).toMatchObject({ url: "http://plant/api/twin/values?tags=a&tags=b", method: "GET", body: undefined });
	expect(asked[0]?.headers.get("x-millwright")).toBe("1");
	expect(asked[0]?.headers.get("authorization")).toBe("Bearer k");
});

test("a read too long for an address travels as a POST", async () => {
	const { client, asked } = clientThat(ok);
	const tags = Array.from({ length: 200 }, (_, i) => `northworks/building-a/line-1/cnc-${i}/temperature`);
	await client.values({ tags });
	expect(asked[0]).toMatchObject({ url: "http://plant/api/twin/values", method: "POST", body: JSON.stringify({ tags }) });
	expect(linkTo(api.values, { tags })).toBeUndefined();
});

test("a write carries its reason, whatever language it is in", async () => {
	const { client, asked } = clientThat(ok);
	await client.setLimits({ asset: "press-1" }, { why: "límite más bajo ✓" });
	expect(decodeURIComponent(asked[0]?.headers.get("x-millwright-why") ?? "")).toBe("límite más bajo ✓");
	expect(asked[0]?.method).toBe("POST");
});

test("the server's error arrives as the same error", async () => {
	const body = { code: "twin.asset-unknown", kind: "missing", message: 'No asset "x"', hint: "List them.", place: "asset" };
	const { client } = clientThat(() => Response.json(body, { status: 404 }));
	const error = await client.values({ tags: [] }).catch((thrown) => thrown);
	expect(error).toBeInstanceOf(MillwrightError);
	expect(error.toJSON()).toEqual(body);
});

test("a proxy's page in place of an answer is told as an outage", async () => {
	const { client } = clientThat(() => new Response("<html>Bad gateway</html>", { status: 502 }));
	await expect(client.values({ tags: [] })).rejects.toMatchObject({ code: "core.answer-unknown", kind: "outage" });
});

test("a server out of reach is an outage with a next step", async () => {
	const { client } = clientThat(() => Promise.reject(new TypeError("fetch failed")));
	await expect(client.values({ tags: [] })).rejects.toMatchObject({ code: "core.unreachable", kind: "outage" });
});

test("a download resolves to the response itself", async () => {
	const { client } = clientThat(() => new Response("a,b\n1,2\n"));
	const response = (await client.export({})) as Response;
	expect(await response.text()).toBe("a,b\n1,2\n");
});
