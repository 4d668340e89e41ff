"""What can go wrong, one class a kind. All are `frontalis.Error`; those that Python has a name for
are also that: a missing file is a FileNotFoundError."""


class Error(Exception):
    """`message` says what happened and names the file, `remedy` what to do (may be empty), `code`
    is the kind's name in records and manifests."""

    code = "internal"

    def __init__(self, message, remedy=""):
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self):
        return f"{self.message}. {self.remedy}" if self.remedy else self.message


class InvalidArgument(Error, ValueError):
    """An option or value that cannot be."""
    code = "invalid_argument"


class NotFound(Error, FileNotFoundError):
    """A file or folder that is not there."""
    code = "not_found"


class Unreadable(Error, OSError):
    """A file that exists, but cannot be opened or read."""
    code = "unreadable"


class VideoError(Error):
    """A video that cannot be used."""


class NotAVideo(VideoError):
    """No demuxer or decoder knows it."""
    code = "not_a_video"


class NoVideoStream(VideoError):
    """A media file without pictures."""
    code = "no_video_stream"


class NoFrames(VideoError):
    """Nothing decodes."""
    code = "no_frames"


class Corrupt(VideoError, ValueError):
    """Malformed or truncated content."""
    code = "corrupt"


class ModelError(Error):
    """A model pack that cannot be used."""


class ModelMissing(ModelError):
    """A pack or one of its files is not installed."""
    code = "model_missing"


class ModelCorrupt(ModelError):
    """A model file of wrong size or SHA-256."""
    code = "model_corrupt"


class Unwritable(Error, OSError):
    """An output that cannot be created or written."""
    code = "unwritable"


class DiskFull(Unwritable):
    """No space left."""
    code = "disk_full"


class OutOfMemory(Error, MemoryError):
    """The system gives no more memory or threads."""
    code = "out_of_memory"


class InferenceError(Error, RuntimeError):
    """The inference runtime failed."""
    code = "inference"


class Timeout(Error, TimeoutError):
    """A deadline was missed."""
    code = "timeout"


class Cancelled(Error):
    """Consent was not given, or the caller asked to stop."""
    code = "cancelled"


class Unsupported(Error, NotImplementedError):
    """Something that this build or input does not have."""
    code = "unsupported"


class InternalError(Error, RuntimeError):
    """A bug in Frontalis."""
    code = "internal"


BY_CODE = {kind.code: kind for kind in (
    InvalidArgument, NotFound, Unreadable, NotAVideo, NoVideoStream, NoFrames, Corrupt,
    ModelMissing, ModelCorrupt, Unwritable, DiskFull, OutOfMemory, InferenceError, Timeout,
    Cancelled, Unsupported, InternalError)}
