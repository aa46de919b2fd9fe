import { expect, test } from "vitest";
import { unitLabel } from "./unit-label.ts";

test.each([
	["Cel", "°C"],
	["1", ""],
	["m3/h", "m³/h"],
	["mm/s", "mm/s"],
	["mm/s2", "mm/s²"],
	["kW.h", "kWh"],
	["kW.h/{part}", "kW·h/part"],
	["um", "µm"],
	["/min", "1/min"],
	["{rpm}", "rpm"],
	["%", "%"],
	["s-1", "s⁻¹"],
	["bar", "bar"],
])("%s is shown as “%s”", (code, label) => {
	expect(unitLabel(code)).toBe(label);
});
