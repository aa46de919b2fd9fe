const secretName = /password|passphrase|secret|token|api[-_]?key|private[-_]?key|credential|signing[-_]?key|hmac/i;
const mask = "[secret]";

const named =
	/([\w-]*(?:password|passphrase|secret|token|api[-_]?key|private[-_]?key|credential|signing[-_]?key|hmac)[\w-]*)((?:\\*["'])?\s*[:=]\s*)(?:(\\*["'])([\s\S]*?)(?<!\\)\3|([^\s,;}\]"'\\[]+))/gi;
const harmless = /^(?:true|false|null|\d{1,6}|\$\{env:\w+)$/;

/** Shorter words stand in too many harmless places. */
const shortest = 6;

/** Values of the environment that sound like secrets or that the configuration refers to. */
export function environmentSecrets(environment: Readonly<Record<string, string | undefined>>, config: string): string[] {
	const named = new Set([...config.matchAll(/\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}/g)].map(([, name]) => name as string));
	return Object.entries(environment).flatMap(([name, value]) =>
		value !== undefined && (named.has(name) || secretName.test(name) || /_KEY$/.test(name)) ? [value] : [],
	);
}

/**
 * Text as it may leave the house: known secrets, whatever looks like one of ours, and values under secret-sounding names are masked.
 * Rather too much than too little.
 */
export function createScrubber({ secrets }: { secrets: Iterable<string> }): (text: string) => string {
	// Longest first: a secret may hold another.
	const known = [...new Set(secrets)].filter((secret) => secret.length >= shortest).sort((a, b) => b.length - a.length);
	const spelt = known.flatMap((secret) => [
		...new Set([secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]),
	]);
	return (text) => {
		let clean = text;
		for (const secret of spelt) clean = clean.replaceAll(secret, mask);
		return (
			clean
				.replace(/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, mask)
				// scheme://user:password@host
				.replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/"'@:]+:[^\s/"'@]+@/gi, `$1${mask}@`)
				.replace(/(\bBearer\s+)[\w.~+/-]+=*/gi, `$1${mask}`)
				.replace(/\bmwk_\w+/g, mask)
				// Argon2 and bcrypt hashes.
				.replace(/\$(?:argon2\w*|2[aby])\$[\w$+/.,=-]+/g, mask)
				// 256 bits in base64 or hex: session tokens, signing keys, digests of keys.
				.replace(/(?<![\w+/-])[\w+/-]{43,}={0,2}(?![\w+/-])/g, (run) => (/[A-Z]/.test(run) && /[a-z]/.test(run) ? mask : run))
				.replace(/(?<![0-9a-f])[0-9a-f]{64,}(?![0-9a-f])/gi, mask)
				// Set-up codes: four groups of four.
				.replace(/\b[A-HJ-NPQRSTWXY3-9]{4}(?:-[A-HJ-NPQRSTWXY3-9]{4}){3}\b/g, mask)
				// "password": "…", password=…, and the same within a text that is quoted itself.
				.replace(
					named,
					(whole, name: string, between: string, quote: string | undefined, _quoted: string, bare: string | undefined) => {
						if (quote !== undefined) return `${name}${between}${quote}${mask}${quote}`;
						return bare === undefined || harmless.test(bare) ? whole : `${name}${between}${mask}`;
					},
				)
		);
	};
}
