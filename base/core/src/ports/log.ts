/** One line for people and machines; never per message or sample. */
export interface Log {
	debug(message: string, data?: Record<string, unknown>): void;
	info(message: string, data?: Record<string, unknown>): void;
	warn(message: string, data?: Record<string, unknown>): void;
	error(message: string, data?: Record<string, unknown>): void;
	/** The same log with a part's name on every line. */
	part(name: string): Log;
}
