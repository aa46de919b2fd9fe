import { expect, test } from "vitest";
import * as z from "zod";
import { faultOf, fieldsOf, textsOf, valuesOf } from "./fields.ts";

const schema = z.toJSONSchema(
	z.strictObject({
		host: z.string().meta({ description: "IP address or name", examples: ["10.0.0.2"] }),
		port: z.int().min(1).max(65_535).default(502),
		scale: z.number().optional(),
		mode: z.enum(["fast", "safe"]).default("safe"),
		deep: z.boolean().default(false),
		password: z.string().optional(),
		number: z.union([z.int(), z.string()]).optional(),
		nested: z.object({ a: z.string() }).optional(),
	}),
	{ io: "input" },
) as Record<string, unknown>;
const fields = fieldsOf(schema);
const field = (name: string) => {
	const found = fields.find((each) => each.name === name);
	if (!found) throw new Error(`no field ${name}`);
	return found;
};

test("a form is read from the schema: kinds, defaults, choices, bounds, examples", () => {
	expect(fields.map(({ name, kind }) => [name, kind])).toEqual([
		["host", "text"],
		["port", "integer"],
		["scale", "number"],
		["mode", "choice"],
		["deep", "switch"],
		["password", "secret"],
		["number", "text"],
	]);
	expect(field("host")).toMatchObject({ required: true, description: "IP address or name", example: "10.0.0.2" });
	expect(field("port")).toMatchObject({ required: false, fallback: "502", min: 1, max: 65_535 });
	expect(field("mode").choices).toEqual(["fast", "safe"]);
});

test("faults are found before anything is sent", () => {
	expect(faultOf(field("host"), " ")).toBe("missing");
	expect(faultOf(field("port"), "")).toBeUndefined();
	expect(faultOf(field("port"), "abc")).toBe("number");
	expect(faultOf(field("port"), "1.5")).toBe("whole");
	expect(faultOf(field("port"), "0")).toBe("small");
	expect(faultOf(field("port"), "70000")).toBe("large");
});

test("what is left empty is left out, what is typed becomes what the schema wants", () => {
	const texts = { host: " plc-1 ", port: "15029", scale: "", deep: "true", password: " keep blanks ", number: "40101" };
	const values = valuesOf(fields, texts);
	expect(values).toEqual({ host: "plc-1", port: 15029, deep: true, password: " keep blanks ", number: "40101" });
	expect(valuesOf(fields, textsOf(fields, values))).toEqual(values);
});
