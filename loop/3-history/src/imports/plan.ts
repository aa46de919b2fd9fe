import { isTopic, levelFrom, MillwrightError, Quality, qualityCode, qualityFromOpcUa } from "@millwright/core";
import type { ImportPlan } from "../api.ts";
import type { TableQuery } from "./table-reader.ts";

/** More columns a row would not fit in memory many times over. */
const mostColumns = 1000;

/** The plan as the reader wants it; throws where it does not hold together. */
export function queryOf(plan: ImportPlan, path: string, columns: readonly { name: string }[]): TableQuery {
	const names = new Set(columns.map(({ name }) => name));
	const has = (name: string | undefined, place: string): string => {
		if (name !== undefined && names.has(name)) return name;
		throw new MillwrightError(
			"history.import-column-missing",
			name === undefined ? "A column must be named here" : `The file has no column "${name}"`,
			{
				kind: "input",
				hint: `It has: ${[...names].slice(0, 20).join(", ")}.`,
				place,
			},
		);
	};
	checkZone(plan.time.zone);
	const base = {
		file: path,
		format: plan.format,
		shape: plan.shape,
		time: { ...plan.time, column: has(plan.time.column, "time.column") },
		decimal: plan.decimal,
		...(plan.delimiter === undefined ? {} : { delimiter: plan.delimiter }),
	};
	if (plan.shape === "long")
		return {
			...base,
			tag: has(plan.tag?.column, "tag.column"),
			value: has(plan.value?.column, "value.column"),
			...(plan.quality ? { quality: has(plan.quality.column, "quality.column") } : {}),
		};
	for (const name of Object.keys(plan.names)) has(name, "names");
	const wanted = [...names].filter((name) => name !== plan.time.column && (!plan.only || Object.hasOwn(plan.names, name)));
	if (wanted.length === 0 || wanted.length > mostColumns)
		throw new MillwrightError("history.import-columns", `${wanted.length} columns of values`, {
			kind: "input",
			hint: `Name the columns to import and the tags they become; at most ${mostColumns} at a time.`,
			place: "names",
		});
	return { ...base, columns: wanted };
}

function checkZone(zone: string): void {
	try {
		new Intl.DateTimeFormat("en-US", { timeZone: zone });
	} catch {
		throw new MillwrightError("history.import-zone-unknown", `"${zone}" is no time zone`, {
			kind: "input",
			hint: "Write an IANA name such as Europe/Madrid, or UTC.",
			place: "time.zone",
		});
	}
}

/** Which tag a name of the file becomes; undefined leaves it out. */
export function tagNameOf(plan: ImportPlan, name: string): string | undefined {
	const given = Object.hasOwn(plan.names, name) ? plan.names[name] : undefined;
	if (given === undefined && plan.only) return undefined;
	const tag = given ?? withoutPrefix(name.trim(), plan.prefix);
	if (isTopic(tag) && tag.includes("/")) return tag;
	throw new MillwrightError("history.import-tag-invalid", `"${tag.slice(0, 100)}" cannot be a tag's name`, {
		kind: "input",
		hint: `A tag's name is its asset's path and its own name${suggestion(tag)}.`,
		place: `names.${name.slice(0, 60)}`,
	});
}

const withoutPrefix = (name: string, prefix: string): string =>
	prefix !== "" && name.startsWith(prefix) ? name.slice(prefix.length) : name;

function suggestion(text: string): string {
	try {
		const levels = text
			.split(/[/\\]|\.(?=\D)/)
			.filter(Boolean)
			.map(levelFrom);
		return levels.length > 1 ? `; for example ${levels.join("/")}` : ", such as plant/line-1/press/temperature";
	} catch {
		return ", such as plant/line-1/press/temperature";
	}
}

/** Words of ours, OPC classic numbers or OPC UA status codes to quality; what is none of them is uncertain, which is what we know. */
export function qualityFrom(text: string | null): Quality {
	if (text === null || text === "") return Quality.good;
	const word = text.trim().toLowerCase();
	const known = word === "ok" ? Quality.good : qualityCode(word);
	if (known !== undefined) return known;
	const code = Number(text);
	if (!Number.isInteger(code) || code < 0) return Quality.uncertain;
	if (code > 255) return qualityFromOpcUa(code);
	return (code & 0xc0) === 0xc0 ? Quality.good : (code & 0xc0) === 0x40 ? Quality.uncertain : Quality.bad;
}
