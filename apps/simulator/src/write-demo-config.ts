import { writeFileSync } from "node:fs";
import { Document, isMap, isScalar, isSeq, visit } from "yaml";
import { demoConfig } from "./demo-config.ts";

const longestLine = 90;

/** The demo's configuration as YAML with a few words on what stands where. */
export function demoYaml(config: ReturnType<typeof demoConfig> = demoConfig()): string {
	const document = new Document(config);
	document.commentBefore = " The demo plant: three lines behind Modbus PLCs, a process cell behind OPC UA.";
	const note = (path: string[], text: string): void => {
		const parent = document.getIn(path.slice(0, -1));
		if (!isMap(parent)) return;
		const pair = parent.items.find((item) => String(item.key) === path.at(-1));
		if (pair && isScalar(pair.key)) pair.key.commentBefore = ` ${text}`;
	};
	note(["sense", "maps"], "Kinds of machines: which tags they have, where they lie, and what happens to a value on its way.");
	note(["sense", "connections"], "One a controller. Each machine behind it takes a map, moved or filled in to where it lies.");
	note(
		["twin", "templates"],
		"What each tag means to people: names, scales, normal bands, limits, and values computed from others (CEL).",
	);
	note(["twin", "places"], "The places above the machines, as in ISA-95.");
	note(["twin", "assets"], "The machines themselves, by path.");
	// Small things on one line: a person scrolls through a plant, not through braces.
	visit(document, {
		Map: (_key, node) => {
			const short = JSON.stringify(node.toJSON()).length <= longestLine;
			if (
				short &&
				node.items.length > 0 &&
				node.items.every(({ value }) => isScalar(value) || (isMap(value) && value.items.length <= 4))
			)
				node.flow = true;
		},
		Seq: (_key, node) => {
			if (isSeq(node) && node.items.every((item) => isScalar(item))) node.flow = true;
		},
	});
	return document.toString({ lineWidth: 140, flowCollectionPadding: true });
}

const file = process.argv[2];
if (import.meta.main) {
	if (file) writeFileSync(file, demoYaml());
	else process.stdout.write(demoYaml());
}
