"""Moving pictures painted without flicker: clips in, frames that hold to their neighbours, clips out."""
