const nameIn = (disposition: string | null): string | undefined => /filename="?([^";]+)"?/.exec(disposition ?? "")?.[1];

/** A download's answer becomes a file of the person's. */
export async function saveAnswer(answer: Response, otherwise: string): Promise<void> {
	const link = document.createElement("a");
	link.href = URL.createObjectURL(await answer.blob());
	link.download = nameIn(answer.headers.get("content-disposition")) ?? otherwise;
	link.click();
	// The browser reads it after the click has returned.
	setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
