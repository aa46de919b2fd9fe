import * as z from "zod";
import type { Api, Operation } from "../contract/operation.ts";
import { httpStatusOf } from "../errors.ts";
import { flatFields } from "./flat-input.ts";
import { routesOf } from "./http-route.ts";

type Json = Record<string, unknown>;

export interface OpenApiAbout {
	title: string;
	version: string;
	/** Name of the session cookie; "millwright_session" when left out. */
	cookie?: string;
	/** Where the paths begin; "/" when left out. */
	server?: string;
}

/** The OpenAPI 3.1 document of a list of apis: units stay in the schemas, roles and data class stand on every operation. */
export function openApi(services: readonly { step: string; api: Api }[], about: OpenApiAbout): Json {
	const paths: Record<string, Json> = {};
	for (const { step, api } of services)
		for (const { name, operation, route } of routesOf(step, api)) {
			paths[route.path] ??= {};
			(paths[route.path] as Json)[route.method.toLowerCase()] = operationObject(step, name, operation, route.method);
		}
	return {
		openapi: "3.1.1",
		jsonSchemaDialect: "https://json-schema.org/draft/2020-12/schema",
		info: { title: about.title, version: about.version },
		servers: [{ url: about.server ?? "/" }],
		tags: services.map(({ step }) => ({ name: step })),
		security: [{ session: [] }, { key: [] }],
		paths,
		components: {
			securitySchemes: {
				session: {
					type: "apiKey",
					in: "cookie",
					name: about.cookie ?? "millwright_session",
					description: "A person's session, begun by access.signIn.",
				},
				key: { type: "http", scheme: "bearer", description: "An API key, made by access.addKey." },
			},
			schemas: { Error: errorSchema },
			responses: Object.fromEntries(
				Object.entries(httpStatusOf).map(([kind, status]) => [
					kind,
					{
						description: `${status}: ${kind}`,
						content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
					},
				]),
			),
		},
	};
}

function operationObject(step: string, name: string, operation: Operation, method: "GET" | "POST"): Json {
	const input = jsonSchemaOf(operation.input, "input");
	const answers = ["input", "busy", "bug", "outage", ...(operation.allow === "anyone" ? [] : ["unauthenticated", "denied"])];
	return {
		operationId: name,
		tags: [step],
		summary: operation.summary,
		...(operation.allow === "anyone" ? { security: [] } : {}),
		"x-allow": operation.allow,
		"x-data-class": operation.dataClass,
		"x-effect": operation.effect,
		...(operation.secrets.length ? { "x-secrets": operation.secrets } : {}),
		parameters: [
			...(method === "GET" ? parametersOf(operation, input) : []),
			...(operation.effect === "write" ? writeHeaders : []),
		],
		...(method === "POST" ? { requestBody: { required: true, content: { "application/json": { schema: input } } } } : {}),
		responses: {
			200: operation.download
				? { description: "A file", content: { "application/octet-stream": {} } }
				: { description: "Done", content: { "application/json": { schema: jsonSchemaOf(operation.output, "output") } } },
			...Object.fromEntries(
				answers.map((kind) => [httpStatusOf[kind as keyof typeof httpStatusOf], { $ref: `#/components/responses/${kind}` }]),
			),
		},
	};
}

function parametersOf(operation: Operation, input: Json): Json[] {
	const properties = (input.properties ?? {}) as Record<string, Json>;
	const required = new Set((input.required ?? []) as string[]);
	return [...(flatFields(operation.input) ?? [])].map(([name, field]) => {
		const schema = properties[name] ?? {};
		return {
			name,
			in: "query",
			required: required.has(name),
			...(typeof schema.description === "string" ? { description: schema.description } : {}),
			...(field.list ? { style: "form", explode: true } : {}),
			schema,
		};
	});
}

const writeHeaders: Json[] = [
	{ name: "x-millwright", in: "header", required: false, schema: { const: "1" }, description: "Required with a session cookie." },
	{
		name: "x-millwright-why",
		in: "header",
		required: false,
		schema: { type: "string" },
		description: "The reason, percent-encoded; goes to the audit log.",
	},
];

const errorSchema: Json = {
	type: "object",
	required: ["code", "kind", "message"],
	properties: {
		code: { type: "string", description: "to search for" },
		kind: { enum: Object.keys(httpStatusOf), description: "who can mend it" },
		message: { type: "string" },
		place: { type: "string", description: "where: a field path, a configuration line, a topic" },
		hint: { type: "string", description: "the next step" },
		data: { type: "object" },
	},
};

/** JSON Schema 2020-12 of a zod schema; a `unit` of its meta stays as `x-unit` and at the end of the description. */
export function jsonSchemaOf(schema: z.ZodType, io: "input" | "output"): Json {
	const { $schema: _, ...rest } = z.toJSONSchema(schema, {
		io,
		unrepresentable: "any",
		override: ({ jsonSchema }) => {
			const { unit } = jsonSchema as { unit?: unknown };
			if (typeof unit !== "string") return;
			delete (jsonSchema as { unit?: unknown }).unit;
			jsonSchema["x-unit"] = unit;
			jsonSchema.description = jsonSchema.description ? `${jsonSchema.description} [${unit}]` : `[${unit}]`;
		},
	});
	return rest as Json;
}
