/**
 * Many readers or one writer; a writer that waits goes first. Readers hold it while they read rows that are still hot,
 * a move of rows from hot to cold only while it commits, so that a question sees each row in exactly one tier.
 */
export interface Gate {
	read<T>(run: () => Promise<T>): Promise<T>;
	write<T>(run: () => Promise<T>): Promise<T>;
}

export function createGate(): Gate {
	let reading = 0;
	let writing = false;
	const writers: (() => void)[] = [];
	let readers: (() => void)[] = [];

	const next = () => {
		if (writing) return;
		const writer = writers[0];
		if (writer) {
			if (reading > 0) return;
			writers.shift();
			writing = true;
			return writer();
		}
		const going = readers;
		readers = [];
		reading += going.length;
		for (const go of going) go();
	};

	return {
		async read(run) {
			if (writing || writers.length > 0) await new Promise<void>((resolve) => readers.push(resolve));
			else reading++;
			try {
				return await run();
			} finally {
				reading--;
				next();
			}
		},
		async write(run) {
			if (writing || reading > 0 || writers.length > 0) await new Promise<void>((resolve) => writers.push(resolve));
			else writing = true;
			try {
				return await run();
			} finally {
				writing = false;
				next();
			}
		},
	};
}
