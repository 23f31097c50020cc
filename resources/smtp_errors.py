"""What went wrong between us and a mail server or a webhook, in words that repeat no secret."""

import smtplib
import socket
import ssl

import httpx2


def mail_may_work_later(error: Exception) -> bool:
    """Whether another attempt may help: 4xx answers and broken connections, nothing else."""
    if isinstance(error, smtplib.SMTPResponseException):
        return 400 <= error.smtp_code < 500
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(400 <= code < 500 for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return True
    lasting = (smtplib.SMTPException, ssl.SSLCertVerificationError)
    return isinstance(error, OSError) and not isinstance(error, lasting)


def is_refused_for_good(error: Exception) -> bool:
    """Whether the server has read this message and will never take it."""
    return isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500


def error_kind(error: Exception) -> str:
    """Its kind and code alone: a server's answer may repeat what it was sent."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__} {error.smtp_code}"
    if isinstance(error, httpx2.HTTPStatusError):
        return f"HTTP {error.response.status_code}"
    return type(error).__name__


def explain_smtp(error: Exception, server: str, security: str) -> str:
    """What is wrong with the settings of mail, and what to do about it.

    Args:
        error: Of a connection or a login.
        server: Host and port.
        security: SMTP_SECURITY.
    """
    kind = error_kind(error)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        found = f"{server} refuses the login ({error.smtp_code})"
        return f"{found}. Check SMTP_USER and SMTP_PASSWORD."
    if isinstance(error, smtplib.SMTPNotSupportedError):
        what = "STARTTLS" if security == "starttls" else "logins"
        found = f"{server} offers no {what}"
        return f"{found}. Set SMTP_SECURITY=tls and its port, or ask who runs the server."
    if isinstance(error, ssl.SSLCertVerificationError):
        found = f"the certificate of {server} is not trusted: {error.verify_message}"
        return f"{found}. Check SMTP_HOST, or name the authority's file in SSL_CERT_FILE."
    if isinstance(error, ssl.SSLError):
        found = f"{server} speaks no TLS there ({error.reason})"
        return f"{found}. SMTP_SECURITY=tls is for port 465, starttls for port 587."
    if isinstance(error, socket.gaierror):
        return f"nobody knows the host of {server}. Check SMTP_HOST."
    if isinstance(error, TimeoutError | smtplib.SMTPServerDisconnected):
        found = f"{server} gives no greeting ({kind})"
        return f"{found}. Check SMTP_PORT and SMTP_SECURITY: {security} may be the wrong one."
    if isinstance(error, ConnectionError):
        return f"{server} takes no connection ({kind}). Check SMTP_HOST and SMTP_PORT."
    return f"{server} does not take mail ({kind}). Check the SMTP settings."
