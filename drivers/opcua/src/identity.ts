import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { MillwrightError } from "@millwright/core";
import { type UserIdentityInfo, UserTokenType } from "node-opcua-client";
import type { Settings } from "./settings.ts";

/** Who we are to the server: nobody, a user with a password, or the holder of a certificate. */
export async function identityOf({ user, password, userCertificate }: Settings, folder: string): Promise<UserIdentityInfo> {
	if (user !== undefined) return { type: UserTokenType.UserName, userName: user, password: password ?? "" };
	if (userCertificate === undefined) return { type: UserTokenType.Anonymous };
	const file = join(folder, "users", userCertificate);
	try {
		const pem = await readFile(file, "utf8");
		const certificateData = new X509Certificate(pem).raw;
		const privateKey = createPrivateKey(pem).export({ type: "pkcs8", format: "pem" }).toString();
		return { type: UserTokenType.Certificate, certificateData, privateKey };
	} catch (cause) {
		throw new MillwrightError(
			"opcua.user-certificate-unreadable",
			`No certificate and key can be read from users/${userCertificate}`,
			{
				kind: "input",
				hint: "Put one PEM file with certificate and unencrypted private key into the folder users of the driver.",
				cause,
			},
		);
	}
}
