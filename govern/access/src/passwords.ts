import { randomBytes } from "node:crypto";
import { MillwrightError } from "@millwright/core";
import { hash, verify } from "@node-rs/argon2";
import { commonPasswords } from "./common-passwords.ts";
import { randomCode } from "./tokens.ts";

/** OWASP Password Storage Cheat Sheet: argon2id, 19 MiB, 2 passes, 1 lane. `algorithm: 2` is argon2id. */
const cost = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Hashing runs on libuv's four threads, which files need too, and each takes 19 MiB. */
const atOnce = 2;
const mayWait = 64;

export interface Passwords {
	hash(password: string): Promise<string>;
	/** `hashed` undefined: nobody has this login; takes as long and answers false. */
	verify(hashed: string | undefined, password: string): Promise<boolean>;
}

/** The same letters typed on another keyboard are the same password. */
const normal = (password: string): string => password.normalize("NFKC");

export function createPasswords(): Passwords {
	let running = 0;
	const waiting: (() => void)[] = [];
	let nobody: Promise<string> | undefined;

	async function inTurn<T>(work: () => Promise<T>): Promise<T> {
		if (running >= atOnce) {
			if (waiting.length >= mayWait)
				throw new MillwrightError("access.busy", "Too many sign-ins at once", {
					kind: "busy",
					hint: "Try again in a few seconds.",
				});
			await new Promise<void>((resolve) => waiting.push(resolve));
		} else running++;
		try {
			return await work();
		} finally {
			const next = waiting.shift();
			if (next) next();
			else running--;
		}
	}

	return {
		hash: (password) => inTurn(() => hash(normal(password), cost)),
		verify: (hashed, password) =>
			inTurn(async () => {
				nobody ??= hash(randomBytes(24).toString("base64"), cost);
				const stranger = await nobody;
				const right = await verify(hashed ?? stranger, normal(password));
				return right && hashed !== undefined;
			}),
	};
}

/** 76 bits, typed once by its owner and then changed. */
export const randomPassword = (): string => randomCode(4).toLowerCase();

const weak = (reason: string, hint: string): never => {
	throw new MillwrightError("access.password-weak", reason, { kind: "input", hint, place: "password" });
};

/** Long and not guessable first; no rules about signs and digits. Source: NIST SP 800-63B §3.1.1. */
export function checkPassword(password: string, about: { login: string; minLength: number }): void {
	const folded = normal(password).toLowerCase();
	const length = Array.from(folded).length;
	if (length < about.minLength)
		weak(
			`The password has ${length} characters, fewer than ${about.minLength}`,
			"A sentence of a few words is long and easy to remember.",
		);
	const stem = folded.replace(/[^\p{L}]+$/u, "");
	const login = about.login.toLowerCase();
	if (folded === login || stem === login || stem === login.replace(/@.*$/, ""))
		weak("The password is the login", "Choose something that is not written on the sign-in page.");
	if (commonPasswords.has(folded) || commonPasswords.has(stem))
		weak("The password is one of those that attackers try first", "Choose something nobody else uses: a sentence of your own.");
	if (new Set(folded).size < 4)
		weak("The password repeats too few characters", "A sentence of a few words is long and easy to remember.");
}
