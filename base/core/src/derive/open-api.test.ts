import { expect, test } from "vitest";
import * as z from "zod";
import { operation } from "../contract/operation.ts";
import { openApi } from "./open-api.ts";

const api = {
	state: operation({
		summary: "Latest state",
		path: "/twin/state",
		input: z.object({ asset: z.string().meta({ description: "path of the asset" }), tags: z.array(z.string()).default([]) }),
		output: z.object({
			temperature: z.number().meta({ unit: "Cel", description: "of the spindle" }),
			at: z.int().meta({ unit: "ms" }),
		}),
	}),
	setLimits: operation({
		summary: "Set limits",
		path: "/twin/limits",
		effect: "write",
		allow: ["engineer"],
		dataClass: "confidential",
		input: z.object({ high: z.number().default(3).meta({ unit: "Cel" }), password: z.string() }),
		output: z.object({}),
		secrets: ["password"],
	}),
	setup: operation({ summary: "", path: "/twin/setup", allow: "anyone", input: z.object({}), output: z.object({}) }),
	export: operation({ summary: "", path: "/twin/export", download: true, input: z.object({}), output: z.any() }),
};
const document = openApi([{ step: "twin", api }], { title: "Plant", version: "1", cookie: "millwright_session" }) as {
	openapi: string;
	paths: Record<string, Record<string, Record<string, unknown>>>;
	components: { securitySchemes: Record<string, unknown> };
};

test("units stay in the schema and in words", () => {
	expect(document.openapi).toMatch(/^3\.1/);
	expect(document.paths["/api/twin/state"]?.get?.responses).toMatchObject({
		200: {
			content: {
				"application/json": {
					schema: {
						properties: {
							temperature: { type: "number", "x-unit": "Cel", description: "of the spindle [Cel]" },
							at: { "x-unit": "ms" },
						},
					},
				},
			},
		},
	});
});

test("a flat read has query parameters, required where there is no default", () => {
	expect(document.paths["/api/twin/state"]?.get?.parameters).toMatchObject([
		{ name: "asset", in: "query", required: true, description: "path of the asset" },
		{ name: "tags", in: "query", required: false, explode: true, schema: { type: "array" } },
	]);
});

test("a write says its body, who may call it, its data class and its secrets", () => {
	expect(document.paths["/api/twin/limits"]?.post).toMatchObject({
		operationId: "twin.setLimits",
		"x-allow": ["engineer"],
		"x-data-class": "confidential",
		"x-secrets": ["password"],
		requestBody: { content: { "application/json": { schema: { required: ["password"] } } } },
		responses: { 401: {}, 403: {}, 400: {} },
	});
});

test("cookie and key are the ways in, and what anyone may call needs neither", () => {
	expect(Object.keys(document.components.securitySchemes)).toEqual(["session", "key"]);
	expect(document.paths["/api/twin/setup"]?.get?.security).toEqual([]);
	expect(document.paths["/api/twin/state"]?.get?.security).toBeUndefined();
});

test("a download is bytes", () => {
	expect(document.paths["/api/twin/export"]?.get?.responses).toMatchObject({
		200: { content: { "application/octet-stream": {} } },
	});
});
