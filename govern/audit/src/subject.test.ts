import { expect, test } from "vitest";
import { subjectOf } from "./facts.ts";

test("an entry says what was done to whom: by name, by the assets it brings, or by the machine's address", () => {
	expect(subjectOf({ connection: "press", settings: { host: "10.0.0.7" } })).toBe("press");
	expect(subjectOf({ assets: { "site/press-1": {}, "site/press-2": {} }, templates: {} })).toBe("site/press-1, site/press-2");
	expect(subjectOf({ driver: "modbus", settings: { host: "10.0.0.7", port: 502 } })).toBe("10.0.0.7:502");
	expect(subjectOf({ driver: "opcua", settings: { endpoint: "opc.tcp://10.0.0.8:4840" } })).toBe("opc.tcp://10.0.0.8:4840");
	expect(subjectOf({})).toBe("");
});
