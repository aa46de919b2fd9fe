import { historyApi } from "@millwright/history/api";
import { twinApi } from "@millwright/twin/api";
import { expect, test } from "vitest";
import { commandsOf, findCommand, fitLists, readOptions } from "./commands.ts";
import { show } from "./show.ts";

const commands = commandsOf([
	{ step: "twin", api: twinApi },
	{ step: "history", api: historyApi },
]);

test("every operation is a command in plain words", () => {
	expect(commands.map(({ words }) => words)).toContain("twin limit-events");
	expect(() => findCommand(commands, "twin", "limit-event")).toThrow('no command "twin limit-event"');
});

test("options become the input the contract expects", () => {
	const { operation } = findCommand(commands, "history", "trend");
	const { input, json } = readOptions(["--tags", "a/b", "--from", "1", "--until=2", "--json"], operation);
	expect(operation.input.parse(fitLists(input, operation))).toEqual({ tags: ["a/b"], from: 1, until: 2, points: 1500 });
	expect(json).toBe(true);
});

test("text that looks like a number stays text where the contract wants text, and no prototype can be reached", () => {
	const { operation } = findCommand(commands, "twin", "state");
	expect(readOptions(["--asset", "007"], operation).input).toEqual({ asset: "007" });
	expect(() => readOptions(["--__proto__.x", "1"], operation)).toThrow("not an option");
	expect(() => readOptions(["--constructor.x", "1"], operation)).toThrow("cannot be a field");
});

test("lists of things are shown as tables", () => {
	expect(
		show({
			values: [
				{ tag: "a", value: 1 },
				{ tag: "bb", value: null },
			],
		}),
	).toBe("values:\n  tag  value\n  ---  -----\n  a    1\n  bb");
});
