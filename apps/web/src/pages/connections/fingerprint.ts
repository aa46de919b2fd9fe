/** A thumbprint in pairs, as tools at the machine show it. */
export const fingerprint = (thumbprint: string): string => (thumbprint.toUpperCase().match(/.{1,2}/g) ?? []).join(" ");
