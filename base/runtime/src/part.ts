/** Something with a life: opened, running, closed. Nothing happens before `start`. */
export interface Part {
	readonly name: string;
	start(): Promise<void>;
	/** Must settle; what is under way is finished or given up. */
	stop(): Promise<void>;
	health?(): Health;
	/** Numbers for /metrics, read on demand. */
	figures?(): Figure[];
	/** For a backup while running: writes everything this part must remember into an empty folder of its own, consistent in itself. */
	copyTo?(folder: string): Promise<void>;
}

export interface Health {
	state: "good" | "degraded" | "failing";
	reason?: string;
	hint?: string;
}

export interface Figure {
	/** Prometheus name without the `millwright_` in front: "sense_values_read_total". */
	name: string;
	help: string;
	type: "counter" | "gauge";
	value: number;
	labels?: Record<string, string>;
}
