/** Lets flushes and other questions in between, so that no walk over many rows holds the thread for long. */
const longestMs = 4;

/** Call it between pieces of work; it waits only when the thread was held long enough, and throws when told to stop. */
export function createBreath(check: () => void): () => Promise<void> | undefined {
	let since = performance.now();
	return () => {
		check();
		if (performance.now() - since < longestMs) return undefined;
		return new Promise((resolve) =>
			setImmediate(() => {
				since = performance.now();
				resolve();
			}),
		);
	};
}
