import { timingSafeEqual } from "node:crypto";
import { digest, normalCode, randomCode } from "./tokens.ts";

/** The one-time code of a first start. Only its hash is kept, in memory: each start has its own. */
export interface SetupCode {
	/** A fresh code for the terminal; the one before is void. */
	make(): string;
	fits(typed: string): boolean;
	use(): void;
}

export function createSetupCode(): SetupCode {
	let hash: Buffer | undefined;
	const hashOf = (code: string): Buffer => Buffer.from(digest(normalCode(code)), "hex");
	return {
		make() {
			const code = randomCode(4);
			hash = hashOf(code);
			return code;
		},
		fits: (typed) => hash !== undefined && timingSafeEqual(hash, hashOf(typed)),
		use() {
			hash = undefined;
		},
	};
}
