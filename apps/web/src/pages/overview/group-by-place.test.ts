import { expect, test } from "vitest";
import { groupByPlace, type Plant } from "./group-by-place.ts";

const asset = (path: string, about: Partial<Plant["assets"][number]> = {}): Plant["assets"][number] => ({
	asset: path,
	title: path,
	template: "t",
	symbol: "machine",
	place: path.slice(0, path.lastIndexOf("/")),
	about: {},
	condition: "good",
	tags: [],
	...about,
});
const place = (path: string): Plant["places"][number] => ({
	path,
	title: path,
	level: "",
	order: 0,
	assets: 0,
	abnormal: 0,
	disconnected: 0,
});
const counts = { assets: 0, tags: 0, abnormal: 0, stale: 0, disconnected: 0 };

test("places keep their order while the plant is healthy, and assets keep theirs always", () => {
	const plant: Plant = {
		places: [place("a"), place("a/2"), place("a/1")],
		assets: [asset("a/1/x"), asset("a/2/z"), asset("a/2/y")],
		counts,
	};
	expect(groupByPlace(plant).map((group) => [group.path, group.assets.map((each) => each.asset)])).toEqual([
		["a/2", ["a/2/z", "a/2/y"]],
		["a/1", ["a/1/x"]],
	]);
	expect(groupByPlace(plant)[0]?.above.map((each) => each.path)).toEqual(["a"]);
});

test("a place with something critical comes first, then one with something high", () => {
	const plant: Plant = {
		places: ["a/1", "a/2", "a/3"].map(place),
		assets: [
			asset("a/1/x"),
			asset("a/2/y", { severity: "high", condition: "abnormal" }),
			asset("a/3/z", { severity: "critical", condition: "abnormal" }),
		],
		counts,
	};
	expect(groupByPlace(plant).map((group) => group.path)).toEqual(["a/3", "a/2", "a/1"]);
});
