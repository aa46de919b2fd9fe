import { MillwrightError } from "./errors.ts";

/**
 * Names in the unified namespace. A topic is `<root>/<path…>/<tag>`; the path is the ISA-95 place of an asset,
 * enterprise first. Levels are free in depth; each is 1 to 64 of a-z, 0-9, `.`, `_` and `-`, beginning with a letter
 * or digit. Upper case is folded, so that `Building-A` and `building-a` cannot both exist.
 */
const levelPattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;
/** MQTT allows 65,535 bytes; people do not. */
const longestTopic = 512;

export const isLevel = (text: string): boolean => levelPattern.test(text);

/** "Building A / Line 3" style words to one level: lower case, blanks to hyphens, accents dropped. */
export function levelFrom(text: string): string {
	const level = text
		.normalize("NFKD")
		.replace(/[\u0300-\u036f]/g, "")
		.toLowerCase()
		.replace(/[^a-z0-9._-]+/g, "-")
		.replace(/^[^a-z0-9]+|-+$/g, "")
		.slice(0, 64);
	if (!isLevel(level))
		throw new MillwrightError("core.level-invalid", `"${text}" leaves nothing to name a level with`, {
			kind: "input",
			hint: "Use letters, digits, dots, hyphens or underscores.",
		});
	return level;
}

/** Checks `a/b/c`; throws with the place of the first level that does not fit. */
export function checkTopic(topic: string): string {
	if (topic.length > longestTopic)
		throw new MillwrightError("core.topic-too-long", `Topic of ${topic.length} characters`, {
			kind: "input",
			hint: `Keep topics to ${longestTopic} characters.`,
			place: `${topic.slice(0, 60)}…`,
		});
	const levels = topic.split("/");
	const wrong = levels.findIndex((level) => !isLevel(level));
	if (wrong >= 0)
		throw new MillwrightError("core.topic-invalid", `Level ${wrong + 1} of "${topic}" is not a valid name`, {
			kind: "input",
			hint: "Levels are 1 to 64 of a-z, 0-9, dot, underscore and hyphen, beginning with a letter or digit.",
			place: topic,
		});
	return topic;
}

export const isTopic = (topic: string): boolean => topic.length <= longestTopic && topic.split("/").every(isLevel);

/** A tag's full name into the asset's path and the tag's own name; undefined where there is no path. */
export function splitTag(name: string): { asset: string; tag: string } | undefined {
	const cut = name.lastIndexOf("/");
	return cut <= 0 ? undefined : { asset: name.slice(0, cut), tag: name.slice(cut + 1) };
}

/** The tag's full name of a topic below a root; undefined where the topic is elsewhere. */
export const tagOfTopic = (topic: string, root: string): string | undefined =>
	topic.startsWith(`${root}/`) ? topic.slice(root.length + 1) : undefined;

/** MQTT wildcard match, `+` for one level and `#` for the rest; `$…` topics need a filter that begins alike. Source: MQTT 5 §4.7. */
export function matchesFilter(filter: string, topic: string): boolean {
	if (filter === topic) return true;
	if (topic.startsWith("$") !== filter.startsWith("$")) return false;
	const wanted = filter.split("/");
	const levels = topic.split("/");
	for (let i = 0; i < wanted.length; i++) {
		if (wanted[i] === "#") return true;
		if (i >= levels.length) return false;
		if (wanted[i] !== "+" && wanted[i] !== levels[i]) return false;
	}
	return wanted.length === levels.length;
}

/** A filter MQTT accepts: `#` alone and last, `+` alone in its level, no NUL. Source: MQTT 5 §4.7.1. */
export function isFilter(filter: string): boolean {
	if (filter.length === 0 || filter.includes("\0")) return false;
	const levels = filter.split("/");
	return levels.every((level, i) => {
		if (level === "#") return i === levels.length - 1;
		if (level === "+") return true;
		return !level.includes("#") && !level.includes("+");
	});
}
