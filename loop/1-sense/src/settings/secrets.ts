import { MillwrightError } from "@millwright/core";

const reference = /\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}/g;
const secretName = /password|passphrase|secret|token|privatekey|apikey/i;
const onlyReference = /^\$\{env:[A-Za-z_][A-Za-z0-9_]*\}$/;

/** Shown instead of a secret; sent back unchanged it means "as it was". */
export const mask = "********";

/** Only variables named so can be referred to: whoever may configure a machine must not read the rest of the environment with it. */
const openTo = "MILLWRIGHT_SECRET_";

/** `${env:MILLWRIGHT_SECRET_…}` in any text, replaced when a connection opens; throws `sense.environment-missing` or `sense.environment-closed`. */
export function resolveEnvironment<T>(value: T, environment: Readonly<Record<string, string | undefined>>, place = ""): T {
	if (typeof value === "string")
		return value.replace(reference, (_whole, name: string) => {
			if (!name.startsWith(openTo))
				throw new MillwrightError("sense.environment-closed", `Settings may not refer to ${name}`, {
					kind: "input",
					place,
					hint: `Name the variable ${openTo}${name}.`,
				});
			const found = environment[name];
			if (found === undefined)
				throw new MillwrightError("sense.environment-missing", `The environment has no ${name}`, {
					kind: "input",
					place,
					hint: `Start Millwright with ${name} set, or change the setting.`,
				});
			return found;
		}) as T;
	if (Array.isArray(value)) return value.map((entry, i) => resolveEnvironment(entry, environment, `${place}.${i}`)) as T;
	if (value !== null && typeof value === "object")
		return Object.fromEntries(
			Object.entries(value).map(([key, entry]) => [key, resolveEnvironment(entry, environment, place ? `${place}.${key}` : key)]),
		) as T;
	return value;
}

/** For screens: texts under secret-sounding names are masked, unless they only refer to the environment. */
export function maskSecrets<T>(value: T, name = ""): T {
	if (typeof value === "string") return secretName.test(name) && value !== "" && !onlyReference.test(value) ? (mask as T) : value;
	if (Array.isArray(value)) return value.map((entry) => maskSecrets(entry, name)) as T;
	if (value !== null && typeof value === "object")
		return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, maskSecrets(entry, key)])) as T;
	return value;
}

/** A masked secret that comes back becomes what it was; one that has no former value stays masked. */
export function unmaskSecrets<T>(value: T, former: unknown): T {
	if (value === mask) return (typeof former === "string" ? former : value) as T;
	if (Array.isArray(value)) return value.map((entry, i) => unmaskSecrets(entry, (former as unknown[] | undefined)?.[i])) as T;
	if (value !== null && typeof value === "object")
		return Object.fromEntries(
			Object.entries(value).map(([key, entry]) => [
				key,
				unmaskSecrets(entry, (former as Record<string, unknown> | undefined)?.[key]),
			]),
		) as T;
	return value;
}

export const hasMasked = (value: unknown): boolean => JSON.stringify(value).includes(`"${mask}"`);

interface Reach {
	driver?: unknown;
	settings?: unknown;
}

/**
 * Would a secret go where it goes today, and as safely? Everything but the secrets themselves must be the same: another
 * host, user or security mode would hand a stored secret to whoever asks for it.
 */
export const reachesSame = (draft: Reach, former: Reach): boolean =>
	draft.driver === former.driver && canonical(draft.settings) === canonical(former.settings);

/** As text, in order of keys, without what sounds like a secret. */
function canonical(value: unknown, name = ""): string {
	if (Array.isArray(value)) return `[${value.map((entry) => canonical(entry, name)).join()}]`;
	if (value === null || typeof value !== "object")
		return typeof value === "string" && secretName.test(name) ? '"secret"' : (JSON.stringify(value) ?? "null");
	const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
	const open = entries.filter(([key, entry]) => !(typeof entry === "string" && secretName.test(key)));
	return `{${open
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([key, entry]) => `${JSON.stringify(key)}:${canonical(entry, key)}`)
		.join()}}`;
}
