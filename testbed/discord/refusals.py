"""Discord's error answers, by the codes a bot must know."""

from http import HTTPStatus

INVALID_BODY = 50035


class Refusal(Exception):
    """An answer other than 2xx, with Discord's own code."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message}


def not_found() -> Refusal:
    return Refusal(HTTPStatus.NOT_FOUND, 0, "404: Not Found")


def unauthorized() -> Refusal:
    return Refusal(HTTPStatus.UNAUTHORIZED, 0, "401: Unauthorized")


def unknown_channel() -> Refusal:
    return Refusal(HTTPStatus.NOT_FOUND, 10003, "Unknown Channel")


def unknown_message() -> Refusal:
    return Refusal(HTTPStatus.NOT_FOUND, 10008, "Unknown Message")


def unknown_user() -> Refusal:
    return Refusal(HTTPStatus.NOT_FOUND, 10013, "Unknown User")


def unknown_webhook() -> Refusal:
    return Refusal(HTTPStatus.NOT_FOUND, 10015, "Unknown Webhook")


def unknown_interaction() -> Refusal:
    return Refusal(HTTPStatus.NOT_FOUND, 10062, "Unknown interaction")


def unknown_command() -> Refusal:
    return Refusal(HTTPStatus.NOT_FOUND, 10063, "Unknown application command")


def already_acknowledged() -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, 40060, "Interaction has already been acknowledged.")


def too_large() -> Refusal:
    return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, 40005, "Request entity too large")


def not_the_author() -> Refusal:
    return Refusal(HTTPStatus.FORBIDDEN, 50005, "Cannot edit a message authored by another user")


def empty_message() -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, 50006, "Cannot send an empty message")


def invalid_token() -> Refusal:
    return Refusal(HTTPStatus.UNAUTHORIZED, 50027, "Invalid Webhook Token")


def invalid_body(fault: str) -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, INVALID_BODY, f"Invalid Form Body: {fault}")
