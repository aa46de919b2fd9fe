// Writes docs/reference from the contracts. `--check` says whether it is up to date instead.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Api, clearance, type EventContract, httpRoute, jsonSchemaOf, Role } from "@millwright/core";
import type { Section } from "@millwright/runtime";
import { apis, sections } from "@millwright/server";
import type * as z from "zod";
import { sections as edgeSections } from "../apps/edge/src/settings.ts";

type Schema = {
	type?: string | string[];
	properties?: Record<string, Schema>;
	required?: string[];
	items?: Schema;
	anyOf?: Schema[];
	oneOf?: Schema[];
	enum?: unknown[];
	const?: unknown;
	default?: unknown;
	unit?: string;
	"x-unit"?: string;
	description?: string;
	additionalProperties?: Schema | boolean;
	$ref?: string;
};

const generated = "<!-- Generated from the contracts by scripts/reference.ts; edits are lost. -->\n";

const typeOf = (schema: Schema): string => {
	if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
	if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(" ");
	const branches = schema.anyOf ?? schema.oneOf;
	if (branches) return branches.map(typeOf).join(" or ");
	if (schema.type === "array") return `list of ${schema.items ? typeOf(schema.items) : "anything"}`;
	if (schema.type === "object")
		return schema.properties
			? "object"
			: typeof schema.additionalProperties === "object"
				? `map of ${typeOf(schema.additionalProperties)}`
				: "object";
	return Array.isArray(schema.type) ? schema.type.join(" or ") : (schema.type ?? "anything");
};

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");

/** An object that may be null or left out is told with its fields. */
const shapeOf = (field: Schema): Schema => {
	const objects = (field.anyOf ?? field.oneOf ?? []).filter(({ properties }) => properties !== undefined);
	return objects.length === 1 ? (objects[0] as Schema) : field;
};

/** One row a field, nested ones by path. */
function rows(schema: Schema, path = ""): string[] {
	return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
		const full = path ? `${path}.${name}` : name;
		const about = [field["x-unit"] ?? field.unit, field.description].filter(Boolean).join("; ");
		const need =
			field.default !== undefined
				? `default \`${cell(JSON.stringify(field.default)).slice(0, 60)}\``
				: schema.required?.includes(name)
					? "needed"
					: "";
		const inner =
			field.type === "array" && field.items
				? { schema: field.items, path: `${full}[]` }
				: typeof field.additionalProperties === "object" && field.additionalProperties.properties
					? { schema: field.additionalProperties, path: `${full}.<name>` }
					: { schema: shapeOf(field), path: full };
		return [`| \`${full}\` | ${cell(typeOf(field))} | ${need} | ${cell(about)} |`, ...rows(inner.schema, inner.path)];
	});
}
const table = (schema: Schema): string => {
	const lines = rows(schema);
	return lines.length === 0 ? "nothing\n" : `| field | type | | unit, meaning |\n|---|---|---|---|\n${lines.join("\n")}\n`;
};

const kebab = (key: string) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function operations(step: string, api: Api): string {
	return Object.entries(api)
		.map(([key, operation]) => {
			const { method, path } = httpRoute(operation);
			const allow = typeof operation.allow === "string" ? operation.allow : operation.allow.join(", ");
			return [
				`## ${step}.${key}\n`,
				`${operation.summary}.\n`,
				`\`${method} ${path}\` · \`millwright ${step} ${kebab(key)}\` · ${operation.effect} · for ${allow} · ${operation.dataClass}\n`,
				`**In**: ${table(jsonSchemaOf(operation.input as z.ZodType, "input") as Schema)}`,
				operation.download
					? "**Out**: a file\n"
					: `**Out**: ${table(jsonSchemaOf(operation.output as z.ZodType, "output") as Schema)}`,
			].join("\n");
		})
		.join("\n");
}

async function eventsOf(step: string): Promise<EventContract[]> {
	const module = (await import(`@millwright/${step}/api`)) as Record<string, unknown>;
	return Object.values(module).filter(
		(value): value is EventContract =>
			typeof value === "object" && value !== null && "summary" in value && "data" in value && "name" in value,
	);
}

const files = new Map<string, string>();
for (const { step, api } of apis) {
	const events = await eventsOf(step);
	const told = events
		.map((event) => `### ${event.name}\n\n${event.summary}.\n\n${table(jsonSchemaOf(event.data, "output") as Schema)}`)
		.join("\n");
	files.set(
		`${step}.md`,
		`${generated}\n# ${step}\n\n${operations(step, api)}${told ? `\n## Events\n\nHeard on the WebSocket at \`/api/live\` by name.\n\n${told}` : ""}`,
	);
}
const configured = (section: Section): string =>
	`## ${section.name}\n\n${table(jsonSchemaOf(section.schema as z.ZodType, "input") as Schema)}`;
const shared = edgeSections.map(({ name }) => name).filter((name) => sections.some((section) => section.name === name));
const listed = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(", ");
files.set(
	"configuration.md",
	`${generated}\n# Configuration\n\nOne YAML file; every section has defaults. Check it with \`npx millwright doctor --config FILE\`.\n\n${sections
		.map(configured)
		.join(
			"\n",
		)}\n# Configuration of an edge\n\nOne YAML file too, checked with \`millwright-edge check --config FILE\`: ${listed(shared)} as above, and\n\n${edgeSections
		.filter((section) => !shared.includes(section.name))
		.map(configured)
		.join("\n")}`,
);
files.set(
	"roles.md",
	`${generated}\n# Roles\n\n| role | sees values up to |\n|---|---|\n${Role.options.map((role) => `| ${role} | ${clearance[role]} |`).join("\n")}\n`,
);
files.set(
	"README.md",
	`${generated}\n# Reference\n\n${[...files.keys()].map((name) => `- [${name.replace(".md", "")}](${name})`).join("\n")}\n`,
);

const folder = join(import.meta.dirname, "..", "docs", "reference");
const stale = [...files]
	.filter(([name, text]) => !existsSync(join(folder, name)) || readFileSync(join(folder, name), "utf8") !== text)
	.map(([name]) => name);
if (process.argv.includes("--check")) {
	if (stale.length > 0) {
		console.error(`docs/reference is not what the contracts say: ${stale.join(", ")}. Run: npm run reference`);
		process.exit(1);
	}
} else {
	mkdirSync(folder, { recursive: true });
	for (const [name, text] of files) writeFileSync(join(folder, name), text);
	console.log(`docs/reference: ${stale.length} of ${files.size} files changed`);
}
