// im2col: walks the windows of a batch of uint8 HWC tensors and gives the address of each element.
//
// Elements come in im2col order: for each image, output row oy, output column ox: for each channel
// c, kernel row ky, kernel column kx the byte address of
//
//   input[oy * stride_h - pad_top + ky][ox * stride_w - pad_left + kx][c]
//
// or, where that lies outside the input, of byte c of the pixel at pad_i, with inside_o = 0. Each
// image starts on a word. The walk keeps one byte address for the corner of the image, of the row
// of windows, of the window, of the channel and of the kernel row, and steps them by products that
// one shared multiplier makes once: eight cycles from start_i to the first element, then one
// element a cycle while next_i is high, without a gap between windows. valid_o is high while there
// is an element. Reading a vector of K elements out of the window so takes K cycles; a row table
// then picks from it by the index of the element.
// Twin: runtime::gather_windows in host/runtime/gather.hpp.
`default_nettype none

module im2col #(
  parameter integer ADDR_WIDTH = 18   // of a byte address, at most 25
) (
  input  wire                  clk_i,
  input  wire                  rst_ni,         // asynchronous, active low
  input  wire                  clear_i,        // end at once

  // Settings, stable until the last element
  input  wire                  start_i,
  input  wire [ADDR_WIDTH-1:0] base_i,         // first byte of image 0, on a word
  input  wire [ADDR_WIDTH-1:0] pad_i,          // first byte of the padding pixel
  input  wire [15:0]           images_i,       // all >= 1 from here on
  input  wire [15:0]           height_i,
  input  wire [15:0]           width_i,
  input  wire [15:0]           channels_i,
  input  wire [15:0]           out_height_i,
  input  wire [15:0]           out_width_i,
  input  wire [7:0]            kernel_h_i,
  input  wire [7:0]            kernel_w_i,
  input  wire [7:0]            stride_h_i,
  input  wire [7:0]            stride_w_i,
  input  wire [7:0]            pad_top_i,      // may be 0
  input  wire [7:0]            pad_left_i,     // may be 0
  input  wire [15:0]           first_row_i,    // oy of the first window of each image, may be 0

  // Elements
  output wire                  valid_o,
  input  wire                  next_i,
  output wire [ADDR_WIDTH-1:0] addr_o,
  output wire                  inside_o,
  output wire                  channel_end_o,  // the last element of its channel
  output wire                  window_end_o,   // and of its window
  output wire                  image_end_o,    // its window is the last of its image
  output wire                  last_o          // and of the walk
);

  localparam [3:0] IDLE = 4'd0, ROW_BYTES = 4'd1, STEP_X = 4'd2, STEP_Y = 4'd3, IMAGE_BYTES = 4'd4,
                   FIRST_Y = 4'd5, OFFSET_Y = 4'd6, OFFSET_X = 4'd7, WALK = 4'd8;
  localparam integer PLACE_WIDTH = 26;  // signed: twice 2^16 steps of at most 255, and a kernel

  reg [3:0] state_q;

  // Products: bytes from one place to the next. Only elements inside the input are addressed, and
  // those lie in the window, so addresses are right modulo its size.
  reg [ADDR_WIDTH-1:0]         row_bytes_q;
  reg [ADDR_WIDTH-1:0]         step_x_q;
  reg [ADDR_WIDTH-1:0]         step_y_q;
  reg [ADDR_WIDTH-1:0]         image_bytes_q;
  reg signed [PLACE_WIDTH-1:0] first_y_q;

  // Corners, outermost first
  reg [ADDR_WIDTH-1:0] image_addr_q;
  reg [ADDR_WIDTH-1:0] windows_addr_q;   // of a row of windows
  reg [ADDR_WIDTH-1:0] window_addr_q;
  reg [ADDR_WIDTH-1:0] channel_addr_q;
  reg [ADDR_WIDTH-1:0] kernel_addr_q;    // of a kernel row
  reg [ADDR_WIDTH-1:0] addr_q;
  reg [ADDR_WIDTH-1:0] pad_addr_q;

  // Places in the input, and counters of what is left
  reg signed [PLACE_WIDTH-1:0] window_y_q;
  reg signed [PLACE_WIDTH-1:0] window_x_q;
  reg signed [PLACE_WIDTH-1:0] y_q;
  reg signed [PLACE_WIDTH-1:0] x_q;
  reg [15:0] images_left_q;
  reg [15:0] rows_left_q;
  reg [15:0] columns_left_q;
  reg [15:0] channels_left_q;
  reg [7:0]  kernel_rows_left_q;
  reg [7:0]  kernel_columns_left_q;

  // --- Products ----------------------------------------------------------------------------------

  function [PLACE_WIDTH-1:0] wide;
    input [15:0] value;
    wide = {{(PLACE_WIDTH-16){1'b0}}, value};
  endfunction

  wire [PLACE_WIDTH-1:0] row_bytes = {{(PLACE_WIDTH-ADDR_WIDTH){1'b0}}, row_bytes_q};
  wire [PLACE_WIDTH-1:0] channels  = wide(channels_i);

  reg [PLACE_WIDTH-1:0] left;
  reg [PLACE_WIDTH-1:0] right;

  always @* begin
    case (state_q)
      ROW_BYTES: begin
        left  = wide(width_i);
        right = channels;
      end
      STEP_X: begin
        left  = wide({8'd0, stride_w_i});
        right = channels;
      end
      STEP_Y: begin
        left  = wide({8'd0, stride_h_i});
        right = row_bytes;
      end
      IMAGE_BYTES: begin
        left  = wide(height_i);
        right = row_bytes;
      end
      FIRST_Y: begin
        left  = wide({8'd0, stride_h_i});
        right = wide(first_row_i);
      end
      OFFSET_Y: begin
        left  = first_y_q;  // its bits above an address do not matter
        right = row_bytes;
      end
      default: begin
        left  = wide({8'd0, pad_left_i});
        right = channels;
      end
    endcase
  end

  wire [PLACE_WIDTH-1:0]        product  = left * right;
  wire [ADDR_WIDTH-1:0]         bytes    = product[ADDR_WIDTH-1:0];
  wire [ADDR_WIDTH-1:0]         aligned  = bytes + {{(ADDR_WIDTH-2){1'b0}}, 2'd3};
  wire signed [PLACE_WIDTH-1:0] top      = product - {{(PLACE_WIDTH-8){1'b0}}, pad_top_i};
  wire signed [PLACE_WIDTH-1:0] before_x = -{{(PLACE_WIDTH-8){1'b0}}, pad_left_i};

  // --- Where the next element lies ---------------------------------------------------------------

  localparam [ADDR_WIDTH-1:0]         BYTE  = {{(ADDR_WIDTH-1){1'b0}}, 1'b1};
  localparam signed [PLACE_WIDTH-1:0] PLACE = {{(PLACE_WIDTH-1){1'b0}}, 1'b1};

  wire row_end     = kernel_columns_left_q == 8'd1;
  wire channel_end = row_end && kernel_rows_left_q == 8'd1;
  wire window_end  = channel_end && channels_left_q == 16'd1;
  wire windows_end = columns_left_q == 16'd1;                  // last window of its row
  wire image_end   = windows_end && rows_left_q == 16'd1;
  wire last        = image_end && images_left_q == 16'd1;
  wire first       = state_q == OFFSET_X;                      // stands on the first element next
  wire move        = first || (state_q == WALK && next_i);
  wire new_image   = first || (window_end && image_end);
  wire new_windows = new_image || (window_end && windows_end);
  wire new_window  = new_windows || window_end;
  wire new_channel = new_window || channel_end;
  wire new_row     = new_channel || row_end;

  wire [ADDR_WIDTH-1:0] image_next   = first ? image_addr_q - bytes : image_addr_q + image_bytes_q;
  wire [ADDR_WIDTH-1:0] windows_next = new_image ? image_next : windows_addr_q + step_y_q;
  wire [ADDR_WIDTH-1:0] window_next  = new_windows ? windows_next : window_addr_q + step_x_q;
  wire [ADDR_WIDTH-1:0] channel_next = new_window ? window_next : channel_addr_q + BYTE;
  wire [ADDR_WIDTH-1:0] kernel_next  = new_channel ? channel_next : kernel_addr_q + row_bytes_q;

  wire signed [PLACE_WIDTH-1:0] window_y_next =
      new_image ? first_y_q
                : new_windows ? window_y_q + {{(PLACE_WIDTH-8){1'b0}}, stride_h_i} : window_y_q;
  wire signed [PLACE_WIDTH-1:0] window_x_next =
      new_windows ? before_x : window_x_q + {{(PLACE_WIDTH-8){1'b0}}, stride_w_i};

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= IDLE;
    end else if (clear_i) begin
      state_q <= IDLE;
    end else if (state_q == IDLE) begin
      if (start_i) state_q <= ROW_BYTES;
    end else if (state_q != WALK) begin
      state_q <= state_q + 4'd1;
    end else if (next_i && window_end && last) begin
      state_q <= IDLE;
    end
  end

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      row_bytes_q   <= {ADDR_WIDTH{1'b0}};
      step_x_q      <= {ADDR_WIDTH{1'b0}};
      step_y_q      <= {ADDR_WIDTH{1'b0}};
      image_bytes_q <= {ADDR_WIDTH{1'b0}};
      first_y_q     <= {PLACE_WIDTH{1'b0}};
    end else begin
      case (state_q)
        ROW_BYTES:   row_bytes_q   <= bytes;
        STEP_X:      step_x_q      <= bytes;
        STEP_Y:      step_y_q      <= bytes;
        IMAGE_BYTES: image_bytes_q <= {aligned[ADDR_WIDTH-1:2], 2'd0};
        FIRST_Y:     first_y_q     <= top;
        default: ;
      endcase
    end
  end

  // Corners.
  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      image_addr_q   <= {ADDR_WIDTH{1'b0}};
      windows_addr_q <= {ADDR_WIDTH{1'b0}};
      window_addr_q  <= {ADDR_WIDTH{1'b0}};
      channel_addr_q <= {ADDR_WIDTH{1'b0}};
      kernel_addr_q  <= {ADDR_WIDTH{1'b0}};
      addr_q         <= {ADDR_WIDTH{1'b0}};
      pad_addr_q     <= {ADDR_WIDTH{1'b0}};
    end else if (state_q == OFFSET_Y) begin
      image_addr_q <= base_i + bytes;
    end else if (move) begin
      if (new_image) image_addr_q <= image_next;
      if (new_windows) windows_addr_q <= windows_next;
      if (new_window) window_addr_q <= window_next;
      if (new_channel) channel_addr_q <= channel_next;
      if (new_row) kernel_addr_q <= kernel_next;
      addr_q <= new_row ? kernel_next : addr_q + channels[ADDR_WIDTH-1:0];
      if (new_channel) pad_addr_q <= new_window ? pad_i : pad_addr_q + BYTE;
    end
  end

  // What is left.
  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      images_left_q         <= 16'd0;
      rows_left_q           <= 16'd0;
      columns_left_q        <= 16'd0;
      channels_left_q       <= 16'd0;
      kernel_rows_left_q    <= 8'd0;
      kernel_columns_left_q <= 8'd0;
    end else if (move) begin
      if (new_image) images_left_q <= first ? images_i : images_left_q - 16'd1;
      if (new_windows) rows_left_q <= new_image ? out_height_i : rows_left_q - 16'd1;
      if (new_window) columns_left_q <= new_windows ? out_width_i : columns_left_q - 16'd1;
      if (new_channel) channels_left_q <= new_window ? channels_i : channels_left_q - 16'd1;
      if (new_row) kernel_rows_left_q <= new_channel ? kernel_h_i : kernel_rows_left_q - 8'd1;
      kernel_columns_left_q <= new_row ? kernel_w_i : kernel_columns_left_q - 8'd1;
    end
  end

  // Places of the window, of the kernel row and of the element.
  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      window_y_q <= {PLACE_WIDTH{1'b0}};
      window_x_q <= {PLACE_WIDTH{1'b0}};
      y_q        <= {PLACE_WIDTH{1'b0}};
      x_q        <= {PLACE_WIDTH{1'b0}};
    end else if (move) begin
      if (new_window) begin
        window_y_q <= window_y_next;
        window_x_q <= window_x_next;
      end
      if (new_row) y_q <= new_window ? window_y_next : new_channel ? window_y_q : y_q + PLACE;
      x_q <= new_window ? window_x_next : new_row ? window_x_q : x_q + PLACE;
    end
  end

  wire in_input = y_q >= 0 && y_q < $signed({{(PLACE_WIDTH-16){1'b0}}, height_i}) &&
                x_q >= 0 && x_q < $signed({{(PLACE_WIDTH-16){1'b0}}, width_i});

  assign valid_o       = state_q == WALK;
  assign addr_o        = in_input ? addr_q : pad_addr_q;
  assign inside_o      = in_input;
  assign channel_end_o = channel_end;
  assign window_end_o  = window_end;
  assign image_end_o   = image_end;
  assign last_o        = last;

  wire unused_bits = &{1'b0, aligned[1:0], product, channels};  // those beyond an address

endmodule

`default_nettype wire
