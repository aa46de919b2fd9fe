/** What most registers of a kind of machine are, so that a row begins with it. */
const usual: Record<string, Record<string, string>> = {
	modbus: { table: "holding", type: "uint16" },
};

export const usualAddress = (driver: string): Record<string, string> => ({ ...usual[driver] });

/** Address columns shown at once; the others come with "all columns" or with a pasted value. */
const main: Record<string, string[]> = {
	modbus: ["table", "register", "type", "order"],
	opcua: ["node"],
};

export const mainColumns = (driver: string, all: string[]): string[] => main[driver] ?? all;
