import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { MillwrightError, type Sign } from "@millwright/core";

const prefix = "mwg";
const keyPattern = /^mwg_([a-z0-9]{8})_([A-Za-z0-9_-]{43})$/;

export interface GatewayKey {
	/** Public: names the key in every message. */
	id: string;
	secret: Buffer;
}

/** "mwg_<id>_<secret>", as it is shown once and stands in the gateway's environment. */
export const writeKey = ({ id, secret }: GatewayKey): string => `${prefix}_${id}_${secret.toString("base64url")}`;

/** Throws `namespace.key-invalid` without repeating the text. */
export function readKey(text: string): GatewayKey {
	const match = keyPattern.exec(text.trim());
	if (!match)
		throw new MillwrightError("namespace.key-invalid", "This is no gateway key", {
			kind: "input",
			place: "uplink.centre.key",
			hint: "It begins with mwg_ and is shown once when the centre admits the gateway.",
		});
	return { id: match[1] as string, secret: Buffer.from(match[2] as string, "base64url") };
}

export const newKeyId = (): string => randomBytes(5).readUIntBE(0, 5).toString(36).padStart(8, "0").slice(-8);

/** The centre keeps one secret and no keys: a gateway's key follows from it, the gateway's name and the key's id. */
export const deriveKey = (master: Uint8Array, gateway: string, id: string): GatewayKey => ({
	id,
	secret: createHmac("sha256", master).update(`gateway-key\0${gateway}\0${id}`).digest(),
});

export const signWith =
	({ secret }: GatewayKey): Sign =>
	(bytes) =>
		createHmac("sha256", secret).update(bytes).digest();

export function isSignedWith({ secret }: GatewayKey, signed: Uint8Array, signature: Uint8Array): boolean {
	const due = createHmac("sha256", secret).update(signed).digest();
	return signature.length === due.length && timingSafeEqual(due, signature);
}

/** What a gateway shows the broker: the key's id and a proof that it has the key, never the key itself. */
export const userOf = (gateway: string): string => `gateway:${gateway}`;
export const passwordOf = (gateway: string, key: GatewayKey): string => `${key.id}.${proofOf(gateway, key)}`;

const proofOf = (gateway: string, { secret }: GatewayKey): string =>
	createHmac("sha256", secret).update(`mqtt\0${gateway}`).digest("base64url");

export function keyIdOfPassword(password: string): string {
	return password.split(".", 1)[0] ?? "";
}

export function isPasswordOf(password: string, gateway: string, key: GatewayKey): boolean {
	const due = Buffer.from(passwordOf(gateway, key));
	const given = Buffer.from(password);
	return given.length === due.length && timingSafeEqual(given, due);
}
