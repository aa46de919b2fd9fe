import { MillwrightError } from "@millwright/core";
import type { GatewayKey } from "../gateways/keys.ts";

const reference = /^\$\{env:(MILLWRIGHT_SECRET_[A-Za-z0-9_]*)\}$/;

/** The key as it stands in the settings, or where they point to in the environment. */
export function resolveKey(
	text: string,
	environment: Readonly<Record<string, string | undefined>>,
	read: (text: string) => GatewayKey,
): GatewayKey {
	const name = reference.exec(text)?.[1];
	if (name === undefined) return read(text);
	const found = environment[name];
	if (found === undefined)
		throw new MillwrightError("namespace.environment-missing", `The environment has no ${name}`, {
			kind: "input",
			place: "uplink.centre.key",
			hint: `Start the edge with ${name} set to the key the centre showed.`,
		});
	return read(found);
}
