/** Work left for the end of this event-loop turn: each client's output goes out in one write, paused readers go on. */
export class Turn {
	#outputs: { flush(): void }[] = [];
	#later: (() => void)[] = [];
	#scheduled = false;

	flush(output: { flush(): void }): void {
		this.#outputs.push(output);
		this.#schedule();
	}

	after(run: () => void): void {
		this.#later.push(run);
		this.#schedule();
	}

	#schedule(): void {
		if (this.#scheduled) return;
		this.#scheduled = true;
		setImmediate(() => this.#end());
	}

	#end(): void {
		this.#scheduled = false;
		const later = this.#later;
		const outputs = this.#outputs;
		this.#later = [];
		this.#outputs = [];
		for (const run of later) run();
		for (const output of outputs) output.flush();
	}
}
