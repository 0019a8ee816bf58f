"""Signed values from before a rotation."""

from itsdangerous import BadData, URLSafeSerializer


class OldSecrets:
    """Secrets that still verify and never sign, newest first.

    Verifying is done here rather than by the sidecar: itsdangerous is at hand in this process,
    quicker than a round trip, and there when the binary is not.
    """

    def __init__(self, secrets):
        self.secrets = tuple(secrets)

    def __len__(self):
        return len(self.secrets)

    def load(self, signed, namespace):
        """Return (the number of the secret that signed this, from 1; the value).

        None if none of them did, or if what is inside cannot be decoded.
        """
        for number, secret in enumerate(self.secrets, 1):
            try:
                return number, URLSafeSerializer(secret, namespace).loads(signed)
            except BadData:
                continue
        return None
